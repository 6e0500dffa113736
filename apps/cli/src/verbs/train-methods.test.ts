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
});
