import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, openWeights, openSafetensors, type TensorToWrite, writeSafetensors } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { attach } from "./attach.js";
import { loadAdapter } from "./load-adapter.js";
import { mergeIntoWeights } from "./merge-into-weights.js";
import { saveAdapter } from "./save-adapter.js";
import { fixtureModel, largestDifference, loadFixture, logitsOf, packagePath } from "./testing.js";
import { seededFloats } from "../../tensor/testing/seeded-floats.js";
import { trainableParameters } from "./trainable-parameters.js";

let folder: string;

beforeAll(async () => {
  await startEngine("wasm");
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-merge-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function logitsOfFolder(path: string, ids: readonly number[]): Promise<Float32Array> {
  const model = await loadModel(path);
  try {
    return logitsOf(model, ids);
  } finally {
    model.dispose();
  }
}

/** The tiny model in shards of one tensor in three, with files beside it. */
async function shardedModel(name: string): Promise<string> {
  const path = join(folder, "sharded");
  await cp(fixtureModel(name), path, { recursive: true });
  const file = await openSafetensors(join(path, "model.safetensors"));
  const shards: TensorToWrite[][] = [[], [], []];
  const weightMap: Record<string, string> = {};
  for (const [index, tensor] of file.names().entries()) {
    const { shape } = file.info(tensor);
    shards[index % 3].push({ name: tensor, dtype: "F32", shape, data: await file.readFloat32(tensor) });
    weightMap[tensor] = `model-${index % 3}.safetensors`;
  }
  await file.close();
  for (const [index, tensors] of shards.entries())
    await writeSafetensors(join(path, `model-${index}.safetensors`), tensors);
  await writeFile(join(path, "model.safetensors.index.json"), JSON.stringify({ weight_map: weightMap }));
  await rm(join(path, "model.safetensors"));
  for (const other of [
    "tokenizer.json",
    "chat_template.jinja",
    "merges.txt",
    "LICENSE",
    "pytorch_model.bin",
    "README.md",
  ]) {
    await writeFile(join(path, other), `${other} of the base`);
  }
  await mkdir(join(path, "original"));
  return path;
}

describe("mergeIntoWeights", () => {
  it.each([
    ["qwen2-qv", "qwen2", 6],
    ["qwen2-all-rs", "qwen2", 21],
    ["llama-dora", "llama", 9],
    ["qwen3-pattern", "qwen3", 6],
    ["qwen3_moe-qkvo", "qwen3_moe", 12],
    ["deepseek_v3-mla", "deepseek_v3", 15],
  ])("gives %s PEFT's merged logits within 2e-4", async (run, base, changed) => {
    const fixture = packagePath(`fixtures/lora/${run}`);
    const output = join(folder, "merged");
    const progress: number[] = [];
    const result = await mergeIntoWeights({
      model: fixtureModel(base),
      adapter: `${fixture}/adapter_end`,
      output,
      onProgress: (done, total) => progress.push(done / total),
    });
    expect(result.changed).toBe(changed);
    expect(progress).toEqual(
      Array.from({ length: result.tensors }, (_, index) => (index + 1) / result.tensors),
    );
    const expected = JSON.parse(await readFile(`${fixture}/expected.json`, "utf8")) as {
      probe_input_ids: number[];
      probe_logits_last_merged: number[];
    };
    const logits = await logitsOfFolder(output, expected.probe_input_ids);
    const last = logits.slice(-expected.probe_logits_last_merged.length);
    expect(largestDifference(last, expected.probe_logits_last_merged)).toBeLessThan(2e-4);
  });

  it("keeps shards, types and untouched tensors, and copies configs and tokenizer files", async () => {
    const model = await shardedModel("qwen2");
    const output = join(folder, "merged");
    await mergeIntoWeights({ model, adapter: packagePath("fixtures/lora/qwen2-qv/adapter_end"), output });
    expect((await readdir(output)).sort()).toEqual(
      [
        "LICENSE",
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "merges.txt",
        "model-0.safetensors",
        "model-1.safetensors",
        "model-2.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
      ].sort(),
    );
    expect(await readFile(join(output, "config.json"))).toEqual(await readFile(join(model, "config.json")));
    const [before, after] = [await openWeights(model), await openWeights(output)];
    expect(after.names().sort()).toEqual(before.names().sort());
    for (const name of before.names()) {
      const isTarget = /self_attn\.[qv]_proj\.weight$/.test(name);
      const isSame =
        Buffer.compare((await before.readRaw(name)).bytes, (await after.readRaw(name)).bytes) === 0;
      expect(isSame, name).toBe(!isTarget);
      expect(after.info(name).shape).toEqual(before.info(name).shape);
      expect(after.pathOf(name).slice(output.length)).toBe(before.pathOf(name).slice(model.length));
    }
    await before.close();
    await after.close();
    expect((await readdir(folder)).sort()).toEqual(["merged", "sharded"]);
  });

  it.each(["BF16", "F16"] as const)(
    "writes %s, in the config too, rounding each merged weight once",
    async (dtype) => {
      const [exact, output] = [join(folder, "exact"), join(folder, "merged")];
      const shared = {
        model: fixtureModel("qwen2"),
        adapter: packagePath("fixtures/lora/qwen2-all-rs/adapter_end"),
      };
      await mergeIntoWeights({ ...shared, output: exact });
      await mergeIntoWeights({ ...shared, output, dtype });
      const config = JSON.parse(await readFile(join(output, "config.json"), "utf8")) as object;
      expect(config).toMatchObject({ dtype: dtype === "BF16" ? "bfloat16" : "float16", model_type: "qwen2" });
      const [wide, narrow] = [await openWeights(exact), await openWeights(output)];
      for (const name of wide.names()) {
        expect(narrow.info(name).dtype).toBe(dtype);
        const [values, rounded] = [await wide.readFloat32(name), await narrow.readFloat32(name)];
        // Half a unit in the last place, or of the smallest float16.
        const relative = dtype === "BF16" ? 2 ** -8 : 2 ** -11;
        expect(
          values.every(
            (value, i) => Math.abs(rounded[i] - value) <= Math.max(relative * Math.abs(value), 2 ** -25),
          ),
          name,
        ).toBe(true);
      }
      await wide.close();
      await narrow.close();
    },
  );

  it("gives an adapted head of a tied model a tensor of its own", async () => {
    const model = await loadFixture("qwen2");
    expect(model.config.tieWordEmbeddings).toBe(true);
    attach(model, { targets: ["lm_head", "q_proj"], rank: 2 });
    const floats = seededFloats(6);
    for (const { variable } of trainableParameters(model)) {
      variable.assign(tf.tensor(floats(variable.size), variable.shape));
    }
    const ids = [3, 9, 27];
    const logits = logitsOf(model, ids);
    const [adapter, output] = [join(folder, "adapter"), join(folder, "merged")];
    await saveAdapter(model, adapter);
    model.dispose();
    await mergeIntoWeights({ model: fixtureModel("qwen2"), adapter, output });
    const config = JSON.parse(await readFile(join(output, "config.json"), "utf8")) as object;
    expect(config).toMatchObject({ tie_word_embeddings: false });
    const merged = await logitsOfFolder(output, ids);
    expect(largestDifference(merged, logits)).toBeLessThan(1e-3 * Math.max(...logits.map(Math.abs)));
  });

  it("has the same weights as merging in memory", async () => {
    const output = join(folder, "merged");
    const adapter = packagePath("fixtures/lora/llama-dora/adapter_end");
    await mergeIntoWeights({ model: fixtureModel("llama"), adapter, output });
    const model = await loadFixture("llama");
    await loadAdapter(model, adapter);
    const weights = await openWeights(output);
    for (const { path, linear } of model.linears()) {
      expect(await weights.readFloat32(`${path}.weight`), path).toEqual(linear.denseWeight());
    }
    await weights.close();
    model.dispose();
  });

  it("never overwrites, and leaves nothing behind when it fails", async () => {
    const model = fixtureModel("qwen2");
    const adapter = packagePath("fixtures/lora/qwen2-qv/adapter_end");
    const output = join(folder, "merged");
    await mkdir(output);
    await expect(mergeIntoWeights({ model, adapter, output })).rejects.toThrow(
      "merged: expected the name of a folder to make, got one that exists; nothing is overwritten; choose another name",
    );
    expect(await readdir(output)).toEqual([]);
    await rm(output, { recursive: true });
    const other = packagePath("fixtures/lora/llama-dora/adapter_end");
    await expect(mergeIntoWeights({ model, adapter: other, output })).rejects.toThrow("is of another model");
    const fail = (): never => {
      throw new Error("stopped");
    };
    await expect(mergeIntoWeights({ model, adapter, output, onProgress: fail })).rejects.toThrow("stopped");
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses a merged weight that float16 has no place for", async () => {
    const model = await loadFixture("qwen2");
    attach(model, { targets: ["q_proj"], rank: 1, alpha: 1 });
    for (const { variable } of trainableParameters(model)) variable.assign(tf.fill(variable.shape, 1000));
    const [adapter, output] = [join(folder, "adapter"), join(folder, "merged")];
    await saveAdapter(model, adapter);
    model.dispose();
    await expect(
      mergeIntoWeights({ model: fixtureModel("qwen2"), adapter, output, dtype: "F16" }),
    ).rejects.toThrow(
      /tensor "model\.layers\.\d\.self_attn\.q_proj\.weight": expected merged weights within the range of F16, got \d+.* as element 0; write another dtype/,
    );
    expect(await readdir(folder)).toEqual(["adapter"]);
  });
});
