import {
  activationBytes,
  type Architecture,
  architectureOf,
  flatBatch,
  generate,
  type LanguageModel,
  loadModel,
  planCheckpointing,
  readModelConfig,
  segmentLengths,
  writeRandomModel,
} from "@lathe/model";
import { attach, estimateParameters, mergeIntoWeights, saveAdapter, trainableParameters } from "@lathe/peft";
import { listEngines, startEngine, valueAndGradients } from "@lathe/tensor";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { supervised } from "./supervised.js";
import { train } from "./train.js";

// The line that an architecture adds to the list of them.
vi.mock("../../model/src/architectures/architectures.js", async (original) => {
  const { architectures } = await original<{ architectures: readonly Architecture[] }>();
  const { twoKinds } = await import("./testing/two-kinds.js");
  return { architectures: [...architectures, twoKinds] };
});

/** How far central differences go. */
const STEP = 5e-3;
const SEED = Number(process.env["TEST_SEED"] ?? 29);
const config = {
  model_type: "two_kinds",
  architectures: ["TwoKindsForCausalLM"],
  vocab_size: 40,
  initializer_range: 0.3,
};
const lora = { rank: 3, alpha: 6, seed: SEED, targets: ["query", "value"] };
const row = (length: number, start: number) => {
  const inputIds = Int32Array.from({ length }, (_, i) => (start + 7 * i + SEED) % 40);
  return { inputIds, labels: inputIds };
};
const rows = [row(13, 2), row(9, 5)];
const prompts = [[1, 2, 3], [9], Array.from({ length: 70 }, (_, i) => (3 * i) % 40)];

const reasons = await Promise.all(
  listEngines().map(async ({ name, probe }) => ({ name, reason: await probe() })),
);
const engines = reasons.filter(({ reason }) => reason === null).map(({ name }) => name);

let place: string;
let folder: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "lathe-architecture-"));
  folder = join(place, "model");
  await writeRandomModel(folder, config, { seed: SEED });
});
afterAll(() => rm(place, { recursive: true }));

/** Logits of the last token of a text, without a cache. */
function logitsOf(model: LanguageModel, ids: readonly number[]): Float32Array {
  const tokens = Int32Array.from(ids);
  const hidden = model.hiddenStates({ tokens, segments: Int32Array.of(0, tokens.length) });
  const logits = model.project(hidden);
  const values = logits.dataSync<"float32">().slice(-model.config.vocabularySize);
  for (const one of [hidden, logits]) one.dispose();
  return values;
}

async function trained(model: LanguageModel): Promise<number[]> {
  attach(model, lora);
  const losses: number[] = [];
  const steps = train({
    parameters: trainableParameters(model),
    objective: supervised(model),
    rows: { length: rows.length, row: (index) => rows[index] },
    config: { epochs: 30, batchSize: 1, gradientAccumulation: 2, learningRate: 0.02, warmupSteps: 0 },
  });
  for await (const { loss } of steps) losses.push(loss);
  return losses;
}

function assign(variable: tf.Variable, values: Float32Array): void {
  const tensor = tf.tensor(values, variable.shape);
  variable.assign(tensor);
  tensor.dispose();
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

describe.each(engines)(`an architecture of two kinds of layers on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it("adapts what its module calls query and value, wherever a layer has them", async () => {
    const model = await loadModel(folder);
    attach(model, lora);
    expect(trainableParameters(model).map(({ name }) => name)).toEqual(
      ["floors.0.look.ask", "floors.0.look.give", "floors.1.look.ask", "floors.2.look.ask"].flatMap((path) =>
        ["lora_A", "lora_B"].map((matrix) => `base_model.model.${path}.${matrix}.weight`),
      ),
    );
    model.dispose();
  });

  it("has the gradients that central differences have", async () => {
    const model = await loadModel(folder);
    await trained(model);
    const variables = trainableParameters(model).map(({ variable }) => variable);
    const batch = flatBatch(rows);
    const lossNow = (): number => {
      const loss = model.loss(batch);
      const [value] = loss.dataSync<"float32">();
      loss.dispose();
      return value;
    };
    for (const checkpointing of ["none", "block", 2] as const) {
      model.checkpointing = checkpointing;
      const { value, gradients } = valueAndGradients(() => model.loss(batch), variables);
      for (const [index, variable] of variables.entries()) {
        const gradient = gradients[index]!.dataSync<"float32">();
        const norm = Math.hypot(...gradient);
        // Along the gradient itself the loss rises as fast as the gradient is long.
        const start = variable.dataSync<"float32">().slice();
        const at = (step: number): number => {
          const moved = start.map((one, i) => one + (step * gradient[i]) / norm);
          assign(variable, moved);
          return lossNow();
        };
        // Of fourth order: along a gradient that is steep the loss bends much.
        const slope = (8 * (at(STEP) - at(-STEP)) - (at(2 * STEP) - at(-2 * STEP))) / (12 * STEP);
        assign(variable, start);
        expect(Math.abs(slope / norm - 1), `parameter ${index}, slope ${slope}, norm ${norm}`).toBeLessThan(
          0.01,
        );
      }
      for (const one of [value, ...gradients]) one?.dispose();
    }
    model.dispose();
  });

  it("trains with an adapter, and writes with a cache what it writes without", async () => {
    const model = await loadModel(folder);
    const losses = await trained(model);
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]);
    const texts: number[][] = prompts.map((prompt) => [...prompt]);
    for await (const { sequence, id } of generate(model, prompts, { maxNewTokens: 12, stopIds: [] })) {
      texts[sequence].push(id);
    }
    for (const [index, prompt] of prompts.entries()) {
      const text = [...prompt];
      while (text.length < texts[index].length) {
        const logits = logitsOf(model, text);
        text.push(logits.indexOf(Math.max(...logits)));
      }
      expect(texts[index]).toEqual(text);
    }
    model.dispose();
  });

  it("merges into a folder that computes the same", async () => {
    const model = await loadModel(folder);
    await trained(model);
    const [adapter, output] = ["adapter", "merged"].map((name) => join(place, `${engine}-${name}`));
    await saveAdapter(model, adapter);
    expect(await mergeIntoWeights({ model: folder, adapter, output })).toMatchObject({ changed: 4 });
    const merged = await loadModel(output);
    for (const prompt of prompts) {
      expect(distance(logitsOf(merged, prompt), logitsOf(model, prompt))).toBeLessThan(1e-4);
    }
    const base = await loadModel(folder);
    expect(distance(logitsOf(merged, prompts[0]), logitsOf(base, prompts[0]))).toBeGreaterThan(0.01);
    base.dispose();
    merged.dispose();
    model.dispose();
  });

  it("is planned layer by layer", async () => {
    const config = await readModelConfig(folder);
    const ofAttention = [16 + 4 * 6, 16 + 2 * 4, 16 + 4 * 5, 16 + 4 * 5];
    expect(estimateParameters(config, lora).trainable).toBe(
      3 * ofAttention.reduce((sum, size) => sum + size),
    );
    const plan = {
      precision: "fp32",
      adapted: new Set(["ask", "give"]),
      rank: 3,
      tokens: 64,
      labels: 60,
    } as const;
    const kept = [0, 1, 2].map((layer) => architectureOf(config).bytes(config, layer, plan).kept);
    expect(kept[0]).not.toBe(kept[1]);
    expect(kept[1]).toBe(kept[2]);
    const all = activationBytes(config, plan, 0);
    expect(planCheckpointing(config, plan, 2 * all)).toMatchObject({ recomputedLayers: 0, fits: true });
    expect(planCheckpointing(config, plan, 0.9 * all).recomputedLayers).toBeGreaterThan(0);
    expect(segmentLengths(config, "fp32", 3).reduce((sum, length) => sum + length)).toBe(3);
  });
});
