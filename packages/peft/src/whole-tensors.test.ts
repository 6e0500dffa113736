/** Biases and modules that an adapter trains as a whole, against PEFT's runs (fixtures/README.md) and by their laws. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectedTensors, flatBatch, type LanguageModel, loadModel, openSafetensors } from "@lathe/model";
import { startEngine, valueAndGradients } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { activeAdapters } from "./adapted-model.js";
import { attach, detach, setActive } from "./attach.js";
import { loadAdapter, restoreAdapter } from "./load-adapter.js";
import { merge, unmerge } from "./merge.js";
import { mergeIntoWeights } from "./merge-into-weights.js";
import { estimateParameters, parameterTable } from "./parameter-table.js";
import { saveAdapter } from "./save-adapter.js";
import {
  enginesHere,
  fixtureModel,
  largestDifference,
  loadFixture,
  logitsOf,
  packagePath,
} from "./testing.js";
import { seededFloats } from "../../tensor/testing/seeded-floats.js";
import { type NamedParameter, trainableParameters } from "./trainable-parameters.js";

const TOLERANCE = 1e-4;
const SEED = Number(process.env["TEST_SEED"] ?? 1128);

const engines = await enginesHere();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-whole-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ids = [5, 9, 5, 77, 9, 5, 140, 3];

/** Moves parameters by seeded noise, as training would. */
function stir(parameters: readonly NamedParameter[], size = 0.05): void {
  const floats = seededFloats(SEED);
  for (const { variable } of parameters) {
    tf.tidy(() => {
      const noise = tf.tensor(floats(variable.size), variable.shape);
      variable.assign(tf.add(variable, tf.mul(noise, size)));
    });
  }
}

async function namesIn(adapter: string): Promise<string[]> {
  const file = await openSafetensors(join(adapter, "adapter_model.safetensors"));
  await file.close();
  return [...file.names()].sort();
}

describe.each(engines)(`on %s (seed ${SEED})`, (engine) => {
  beforeAll(async () => {
    await startEngine(engine, "fp32");
  });

  it.each([
    ["llama-modules-to-save", "llama"],
    ["qwen2-bias-lora-only", "qwen2"],
    ["qwen2-lora-plus", "qwen2"],
  ])(`%s has PEFT's logits, merged and unmerged, within ${TOLERANCE}`, async (run, base) => {
    const path = packagePath(`fixtures/lora/${run}`);
    const expected = JSON.parse(await readFile(`${path}/expected.json`, "utf8")) as {
      probe_input_ids: number[];
      probe_logits_last: number[];
      probe_logits_last_merged: number[];
    };
    const last = (model: LanguageModel): Float32Array =>
      logitsOf(model, expected.probe_input_ids).slice(-expected.probe_logits_last.length);
    const model = await loadFixture(base);
    const plain = last(model);
    await loadAdapter(model, `${path}/adapter_end`);
    expect(largestDifference(last(model), expected.probe_logits_last)).toBeLessThan(TOLERANCE);
    expect(largestDifference(last(model), plain)).toBeGreaterThan(10 * TOLERANCE);
    merge(model);
    expect(largestDifference(last(model), expected.probe_logits_last_merged)).toBeLessThan(TOLERANCE);
    unmerge(model);
    detach(model);
    expect(last(model)).toEqual(plain);
    model.dispose();

    const output = join(folder, `${engine}-${run}`);
    await mergeIntoWeights({ model: fixtureModel(base), adapter: `${path}/adapter_end`, output });
    const merged = await loadModel(output);
    expect(largestDifference(last(merged), expected.probe_logits_last_merged)).toBeLessThan(TOLERANCE);
    merged.dispose();
  });

  it.each([
    { bias: "lora_only", targets: ["q_proj", "o_proj"] },
    { bias: "all", targets: ["q_proj"] },
    { modulesToSave: ["lm_head", "embed_tokens"] },
    { modulesToSave: ["norm"], bias: "all" },
    { modulesToSave: ["mlp"], useDora: true, bias: "lora_only" },
  ] as const)("%j: begins as the base, learns all of it, and comes back from its folder", async (options) => {
    const before = tf.memory().numTensors;
    const model = await loadFixture("qwen2");
    const plain = logitsOf(model, ids);
    const config = attach(model, { ...options, rank: 2, dropout: 0 });
    const difference = largestDifference(logitsOf(model, ids), plain);
    expect(difference).toBeLessThan(1e-5);
    const parameters = trainableParameters(model);
    const size = parameters.reduce((sum, { variable }) => sum + variable.size, 0);
    expect(parameterTable(model).trainable).toBe(size);
    expect(estimateParameters(model.config, config).trainable).toBe(size);

    stir(parameters);
    const inputIds = Int32Array.from(ids);
    const batch = flatBatch([{ inputIds, labels: inputIds }]);
    const { value, gradients } = valueAndGradients(
      () => model.loss(batch),
      parameters.map(({ variable }) => variable),
    );
    for (const [index, { name }] of parameters.entries()) {
      expect(gradients[index], name).not.toBeNull();
      const largest = Math.max(...gradients[index]!.dataSync<"float32">().map(Math.abs));
      // A key's bias moves all scores of a query alike, which attention does not see.
      if (!name.includes("k_proj")) expect(largest, name).toBeGreaterThan(0);
    }
    tf.dispose([value, ...gradients.map((gradient) => gradient!)]);

    const trained = logitsOf(model, ids);
    expect(largestDifference(trained, plain)).toBeGreaterThan(1e-3);
    const adapter = join(folder, `${engine}-${JSON.stringify(options).replaceAll(/\W/g, "-")}`);
    await saveAdapter(model, adapter);
    expect(await namesIn(adapter)).toEqual(parameters.map(({ name }) => name).sort());

    stir(parameters);
    await restoreAdapter(model, adapter);
    expect(logitsOf(model, ids)).toEqual(trained);
    detach(model);
    expect(logitsOf(model, ids)).toEqual(plain);
    await loadAdapter(model, adapter);
    expect(logitsOf(model, ids)).toEqual(trained);

    const output = `${adapter}-merged`;
    await mergeIntoWeights({ model: fixtureModel("qwen2"), adapter, output });
    const merged = await loadModel(output);
    expect(largestDifference(logitsOf(merged, ids), trained)).toBeLessThan(TOLERANCE);
    merged.dispose();
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("keeps trained biases when the adapter is disabled, and the modules not, as PEFT does", async () => {
    const model = await loadFixture("qwen2");
    const plain = logitsOf(model, ids);
    attach(model, { bias: "lora_only", rank: 2, modulesToSave: ["lm_head"] });
    stir(trainableParameters(model));
    const biases = trainableParameters(model).filter(({ name }) => name.endsWith(".bias"));
    setActive(model, []);
    expect(activeAdapters(model)).toEqual([]);
    const disabled = logitsOf(model, ids);
    expect(largestDifference(disabled, plain)).toBeGreaterThan(1e-3);
    // Nothing but the biases is different.
    for (const { name, variable } of biases) {
      const path = name.replace("base_model.model.", "").replace(".base_layer.bias", "");
      const place = model.linears().find((linear) => linear.path === path)!;
      expect(place.linear.denseBias(), name).toEqual(variable.dataSync());
      const { base } = place.linear as unknown as { base: { denseBias(): Float32Array } };
      tf.tidy(() => variable.assign(tf.tensor1d(base.denseBias())));
    }
    expect(largestDifference(logitsOf(model, ids), plain)).toBeLessThan(1e-6);
    model.dispose();
  });

  it("refuses a second adapter that trains the same biases, and leaves the model as it was", async () => {
    const model = await loadFixture("qwen2");
    attach(model, { bias: "lora_only", rank: 2 });
    stir(trainableParameters(model));
    const before = logitsOf(model, ids);
    const { numTensors } = tf.memory();
    expect(() => attach(model, { bias: "all", modulesToSave: ["norm"] }, { name: "second" })).toThrow(
      /its bias is trained by the adapter default already/,
    );
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(activeAdapters(model)).toEqual(["default"]);
    expect(logitsOf(model, ids)).toEqual(before);
    // Without biases it may come.
    attach(model, { modulesToSave: ["norm"], rank: 2 }, { name: "second" });
    expect(activeAdapters(model)).toEqual(["second"]);
    model.dispose();
  });
});

it("copies a tied head and its embedding each by itself, as PEFT does", async () => {
  await startEngine("wasm", "fp32");
  const model = await loadFixture("qwen2");
  expect(model.config.tieWordEmbeddings).toBe(true);
  expect(expectedTensors(model.config).has("lm_head.weight")).toBe(false);
  attach(model, { modulesToSave: ["lm_head", "embed_tokens"], rank: 2 });
  const names = trainableParameters(model).map(({ name }) => name);
  expect(names.slice(-2).sort()).toEqual([
    "base_model.model.lm_head.weight",
    "base_model.model.model.embed_tokens.weight",
  ]);
  const [embedding, head] = ["embed_tokens", "lm_head"].map(
    (end) => trainableParameters(model).find(({ name }) => name.includes(end))!.variable,
  );
  head.assign(tf.zeros(head.shape));
  expect(Math.max(...embedding.dataSync<"float32">())).toBeGreaterThan(0);
  const adapter = join(folder, "tied");
  await saveAdapter(model, adapter);
  const output = join(folder, "untied");
  await mergeIntoWeights({ model: fixtureModel("qwen2"), adapter, output });
  expect(JSON.parse(await readFile(join(output, "config.json"), "utf8"))).toMatchObject({
    tie_word_embeddings: false,
  });
  model.dispose();
});
