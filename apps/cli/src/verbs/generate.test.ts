import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

const read = async (path: string) => JSON.parse(await readFile(path, "utf8"));
const generate = async (...words: string[]) =>
  (await runLathe(["generate", ...words, "--precision", "fp32", "--cache", "fp32", "--json"])).json as {
    text: string | null;
    ids: number[];
    finishReason: string;
  };

describe("lathe generate", () => {
  it.each(["qwen2", "llama", "qwen3"] as const)("gives Transformers' greedy ids of %s", async (name) => {
    const model = tinyModel(name);
    const { greedy_prompt, greedy_tokens } = await read(join(model, "expected.json"));
    const count = String(greedy_tokens.length);
    const words = [
      "--model",
      model,
      "--ids",
      greedy_prompt.join(","),
      "--max-new-tokens",
      count,
      "--temperature",
      "0",
    ];
    expect(await generate(...words)).toEqual({
      text: null,
      ids: greedy_tokens,
      finishReason: "length",
    });
    expect((await generate(...words, "--stream")).ids).toEqual(greedy_tokens);
  });

  it("gives Transformers' story", async () => {
    const { generations } = await read(join(storiesModel, "reference.json"));
    const told = generations.find(({ prompt }: { prompt: string | null }) => prompt !== null);
    const ids = told.output_ids.slice(0, 40);
    const reply = await generate("--model", storiesModel, "--prompt", told.prompt, "--max-new-tokens", "40");
    expect(reply.ids).toEqual(ids);
    expect(reply.text!.length).toBeGreaterThan(20);
    const words = ["generate", "--model", storiesModel, "--prompt", told.prompt, "--max-new-tokens", "40"];
    expect((await runLathe(words)).stdout).toBe(`${reply.text}\n`);
  });

  it("ends at a stop text and leaves it out", async () => {
    const words = ["--model", storiesModel, "--prompt", "Once upon a time", "--max-new-tokens", "40"];
    const whole = await generate(...words);
    const stop = whole.text!.slice(12, 17);
    const cut = await generate(...words, "--stop", "never said", stop);
    expect(cut.text).toBe(whole.text!.slice(0, whole.text!.indexOf(stop)));
    expect(cut.ids).toEqual(whole.ids.slice(0, cut.ids.length));
    const shown = await runLathe(["generate", ...words, "--stop", "never said", stop]);
    expect(shown.stdout).toBe(`${cut.text}\n`);
  });

  it("draws by the seed", async () => {
    const words = [
      "--model",
      tinyModel("qwen2"),
      "--ids",
      "1,2,3",
      "--max-new-tokens",
      "12",
      "--temperature",
      "1.5",
    ];
    const [first, again, other] = await Promise.all(
      ["1", "1", "2"].map((seed) => generate(...words, "--seed", seed, "--top-k", "50")),
    );
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it.each([
    ["", "expected either --prompt TEXT or --ids 1,2,3"],
    ["--ids 1 --prompt a", "expected either --prompt TEXT or --ids 1,2,3"],
    ["--prompt a", "the folder has no tokenizer.json, which --prompt needs; give token ids (--ids)"],
    ["--ids 1 --stop a", "which --stop needs"],
    ["--ids 320", "--ids: expected token ids below 320, the model's vocabulary, got 320"],
    ["--ids -1", "--ids: expected a list, each a whole number from 0, got [-1]"],
    ["--ids 1 --top-p 0", "--top-p: expected a number above 0, at most 1, got 0"],
    ["--ids 1 --temperature -1", "--temperature: expected a number from 0, got -1"],
    ["--ids 1 --max-new-tokens 0", "--max-new-tokens: expected a whole number from 1, got 0"],
    ["--ids 1 --engine steam", "engine steam is unknown; expected auto or one of"],
    ["--ids 1 --engine cpu --precision bf16", "precision bf16: engine cpu computes in fp32"],
    ["--ids 1 --engine cpu --cache int8", "cache int8: engine cpu keeps keys and values in fp32"],
    ["--ids 1 --cache fp16", '--cache: expected one of auto, fp32, bf16, int8, got "fp16"'],
    ["--ids 1 --quantize int2", '--quantize: expected one of none, int8, nf4, fp16, bf16, got "int2"'],
  ])("refuses %s", async (words, message) => {
    const list = words.split(" ").filter((word) => word !== "");
    const { code, stderr } = await runLathe(["generate", "--model", tinyModel("qwen2"), ...list]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("says how a model without a chat template takes a system message", async () => {
    const { code, stderr } = await runLathe([
      "generate",
      "--model",
      storiesModel,
      "--prompt",
      "a",
      "--system",
      "b",
    ]);
    expect([code, stderr]).toEqual([
      2,
      `lathe: ${storiesModel}: the model has no chat template, which --system needs\n`,
    ]);
  });

  describe("with a generation_config.json that asks for sampling", () => {
    let model: string;
    beforeAll(async () => {
      model = join(await temporaryFolder(), "model");
      await cp(storiesModel, model, { recursive: true });
      const config = { do_sample: true, temperature: 0.7, top_p: 0.9, top_k: 5, min_p: 0.1 };
      await writeFile(join(model, "generation_config.json"), JSON.stringify(config));
    });
    const words = ["generate", "--prompt", "Once", "--max-new-tokens", "12", "--seed", "3", "--json"];
    const flags = ["--temperature", "0.7", "--top-p", "0.9", "--top-k", "5"];

    it("samples as it says, and says so", async () => {
      const suggested = await runLathe([...words, "--model", model]);
      expect(suggested.stderr).toContain(
        "generation_config.json says: --temperature 0.7 --top-k 5 --top-p 0.9",
      );
      expect(suggested.stderr).toContain("min_p");
      expect(suggested.json).toEqual((await runLathe([...words, "--model", storiesModel, ...flags])).json);
      expect(suggested.json).not.toEqual((await runLathe([...words, "--model", storiesModel])).json);
    });

    it("does what flags say all the same", async () => {
      const asked = await runLathe([...words, "--model", model, "--temperature", "0"]);
      expect(asked.stderr).not.toContain("--temperature 0.7");
      expect(asked.json!["ids"]).toEqual((await runLathe([...words, "--model", storiesModel])).json!["ids"]);
    });

    it("marks a reply that was cut at its length", async () => {
      const { stderr, json } = await runLathe([...words, "--model", storiesModel]);
      expect(json!["finishReason"]).toBe("length");
      expect(stderr).toContain("cut after 12 tokens");
    });
  });
});
