import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, readModelConfig } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { mergeIntoWeights } from "./merge-into-weights.js";
import { fixtureModel, logitsOf, packagePath } from "./testing.js";

let folder: string;

beforeAll(async () => {
  await startEngine("wasm");
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-merged-config-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const adapter = packagePath("fixtures/lora/llama-dora/adapter_end");

/** What bitsandbytes leaves in a config whose weights are no longer packed. */
const leftOver = {
  quant_method: "bitsandbytes",
  load_in_4bit: true,
  load_in_8bit: false,
  bnb_4bit_quant_type: "nf4",
  bnb_4bit_use_double_quant: true,
  bnb_4bit_compute_dtype: "bfloat16",
};

async function jsonIn(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
}

async function logitsIn(path: string): Promise<Float32Array> {
  const model = await loadModel(path);
  const logits = logitsOf(model, [3, 9, 27]);
  model.dispose();
  return logits;
}

it.each([leftOver, { quant_method: "gptq" }, "nf4"])(
  "a left-over quantization_config %j goes, and changes no logit",
  async (quantization_config) => {
    const [model, output, plain] = ["model", "merged", "plain"].map((name) => join(folder, name));
    await cp(fixtureModel("llama"), model, { recursive: true });
    const config = await jsonIn(join(model, "config.json"));
    await writeFile(join(model, "config.json"), JSON.stringify({ ...config, quantization_config }));
    expect(await logitsIn(model)).toEqual(await logitsIn(fixtureModel("llama")));
    await mergeIntoWeights({ model, adapter, output });
    await mergeIntoWeights({ model: fixtureModel("llama"), adapter, output: plain });
    expect(await jsonIn(join(output, "config.json"))).toEqual(config);
    expect(await logitsIn(output)).toEqual(await logitsIn(plain));
  },
);

it("a merged folder names all tokens that end a text, and keeps every other character", async () => {
  const [model, output] = ["model", "merged"].map((name) => join(folder, name));
  await cp(fixtureModel("llama"), model, { recursive: true });
  await writeFile(join(model, "tokenizer_config.json"), '{"eos_token": "<|end|>"}');
  await writeFile(
    join(model, "tokenizer.json"),
    JSON.stringify({ added_tokens: [{ id: 7, content: "<|end|>", special: true }] }),
  );
  await writeFile(join(model, "generation_config.json"), '{"temperature": 1.0, "eos_token_id": [2, 3]}');
  const expected = (await readModelConfig(model)).endOfSequenceIds;
  expect(expected).toEqual([7, 2, 3]);
  await mergeIntoWeights({ model, adapter, output });
  for (const name of ["config.json", "generation_config.json"]) {
    const before = await readFile(join(model, name), "utf8");
    const after = await readFile(join(output, name), "utf8");
    expect(JSON.parse(after)).toEqual({ ...(JSON.parse(before) as object), eos_token_id: expected });
  }
  expect(await readFile(join(output, "generation_config.json"), "utf8")).toContain('"temperature": 1.0,');
  // Nothing is left to say in what a second merge reads.
  expect((await readModelConfig(output)).endOfSequenceIds).toEqual(expected);
});
