/** What can be trained besides an adapter on q and v, by the command. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

const model = tinyModel("qwen2");
let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 8 }, (_, row) => ({
    input_ids: Array.from({ length: 12 }, (_, i) => (row * 37 + i * 11) % 320),
  }));
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

const train = (output: string, words: string) =>
  runLathe(["train", "--model", model, "--data", data, "--output", output, ...words.split(" ")]);

describe("lathe train", () => {
  it("--method full writes a model folder that eval and generate take", async () => {
    const output = join(folder, "full");
    const { code, json, stderr } = await train(
      output,
      "--method full --trainable model.layers.2.,model.embed_tokens --optimizer adamw8bit --max-steps 3 --learning-rate 1e-2 --json",
    );
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ adapter: null, model: join(output, "model") });
    expect(stderr).toMatch(
      /^plan corrected after step 3: [\d.]+ MB \(planned [\d.]+ MB\), [\d.]+ m?s a step \(planned [\d.]+ m?s\)/m,
    );
    expect(await readdir(join(output, "model"))).toEqual(expect.arrayContaining(["config.json"]));
    const losses = await Promise.all(
      [model, join(output, "model")].map(async (path) => {
        const scored = await runLathe(["eval", "--model", path, "--data", data, "--json"]);
        expect(scored.code, scored.stderr).toBe(0);
        return scored.json!["loss"] as number;
      }),
    );
    expect(losses[1]).toBeLessThan(losses[0]);
    const words = ["generate", "--model", join(output, "model"), "--ids", "1,2,3", "--max-new-tokens", "2"];
    expect((await runLathe(words)).code).toBe(0);
  });

  it("keeps biases and modules in the adapter under PEFT's names, and merges them", async () => {
    const output = join(folder, "wide");
    const { code, stderr } = await train(
      output,
      "--bias lora_only --modules-to-save lm_head --lora-plus-ratio 4 --max-steps 2 --rank 2",
    );
    expect(code, stderr).toBe(0);
    const config = JSON.parse(await readFile(join(output, "adapter/adapter_config.json"), "utf8")) as object;
    expect(config).toMatchObject({ bias: "lora_only", modules_to_save: ["lm_head"] });
    const adapter = join(output, "adapter");
    const merged = join(folder, "merged");
    const words = ["merge", "--model", model, "--adapter", adapter, "--output", merged];
    expect((await runLathe(words)).code).toBe(0);
  });

  it("says all contradictions at once, by their flags, before anything is read, and ends with 2", async () => {
    const output = join(folder, "none");
    const { code, stderr } = await train(
      output,
      "--method full --rank 4 --quantize nf4 --lora-plus-ratio 4 --optimizer adafactor --beta1 0.5 --lisa-every 3",
    );
    expect(code).toBe(2);
    for (const flag of ["--rank", "--quantize", "--lora-plus-ratio", "--beta1", "--lisa-every"]) {
      expect(stderr).toContain(`${flag} `);
    }
    const pissa = await train(output, "--init loftq --trainable lm_head");
    expect(pissa.code).toBe(2);
    expect(pissa.stderr).toMatch(/--trainable .*--method full.*--init .*--quantize nf4/);
  });

  it("says at once, too, what the model does not have", async () => {
    const words = "--targets q_prj --modules-to-save lm_hed --max-tokens 9999 --patience 2";
    const { code, stderr } = await train(join(folder, "none"), words);
    expect(code).toBe(2);
    for (const flag of ["--patience ", "--targets: ", "--modules-to-save: "]) expect(stderr).toContain(flag);
    expect(stderr).toContain("--max-tokens: expected at most the 512 positions of the model, got 9999");
  });

  it.each([
    [
      "--eval-every 5",
      "--eval-every asks for evaluations, and there are no rows for them: give --validation",
    ],
    ["--samples 2", "--samples asks for evaluations"],
    [
      "--objective dpo --reasoning strip",
      "--reasoning says what is learnt of dialogues, and --objective dpo",
    ],
    ["--objective kto --loss-on last", "--loss-on says what is learnt of dialogues, and --objective kto"],
    ["--objective orpo --overlong drop", "--overlong says what is learnt of dialogues"],
    ["--init pissa --keep-sparsity", "--init pissa takes a part out of every weight"],
    ["--init pissa --use-dora", "--init pissa begins with a part of the weights"],
    ["--use-dora --keep-sparsity", "--keep-sparsity leaves zeros alone, and --use-dora rescales whole rows"],
    ["--init loftq", "--init loftq packs the base together with the adapter: give --quantize nf4"],
    ["--quantize int8 --keep-sparsity", "--quantize rounds small weights to zeros"],
    ["--trainable lm_head", "--trainable chooses among the weights: give --method full"],
    [
      "--max-tokens-per-batch 100 --batch-size 4",
      "--batch-size says how many rows a micro-batch has, and --max-tokens-per-batch takes as many as fit",
    ],
    ["--method full --lisa-every 4", "--lisa-every says how often other layers are drawn"],
    ["--method full --lisa-layers 1 --trainable model.embed", "--lisa-layers draws among the layers"],
    ["--method full --trainable nothing", "--trainable: expected the beginning of names of tensors"],
    ["--method full --bias all", "--bias describes an adapter"],
    ["--objective dpo --kto-pairing step", "--kto-pairing belongs to --objective kto"],
    ["--modules-to-save foo", "--modules-to-save: expected the end of a module's path"],
    ["--modules-to-save q_proj", "--modules-to-save: expected modules without a target in them"],
    ["--patience 2", "--patience waits for evaluations, and there are no rows"],
    ["--objective dpo --samples 2", "--samples has the model answer dialogues, and --objective dpo"],
    ["--stream --samples 2", "--samples has the model answer a token at a time"],
    ["--patience 2 --engine cpu --precision bf16", "precision bf16: engine cpu computes in fp32"],
    ["--patience 2 --engine steam", "engine steam is unknown; expected auto or one of"],
    ["--checkpointing none --memory 60MB", "of up to 48 tokens under --checkpointing none, got 0.06GB"],
  ])("refuses %s, which would do nothing or something else, before a step is taken", async (words, said) => {
    const output = join(folder, "refused");
    const { code, stderr } = await train(output, words);
    expect(stderr).toContain(said);
    expect(code).toBe(2);
    await expect(readdir(output)).rejects.toThrow("ENOENT");
  });

  it("tells of zeros and biases that are asked for and are not there", async () => {
    const output = join(folder, "idle");
    const words = "--max-steps 1 --rank 2 --keep-sparsity --bias lora_only --targets o_proj";
    const { code, stderr } = await train(output, words);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('"keepSparsity": no adapted weight is zero');
    expect(stderr).toContain('"bias": "lora_only" trains nothing more');
  });

  it("goes on with the adapter of its run alone", async () => {
    const output = join(folder, "own-adapter");
    expect((await train(output, "--max-steps 1 --rank 2")).code).toBe(0);
    const words = ["--resume", "--max-steps", "1", "--init-adapter", join(output, "adapter")];
    const { code, stderr } = await runLathe(["train", "--output", output, ...words]);
    expect(stderr).toContain("--init-adapter");
    expect(stderr).toContain("was begun with nothing");
    expect(code).toBe(2);
  });
});
