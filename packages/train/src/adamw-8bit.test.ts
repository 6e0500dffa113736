/** AdamW with moments in 8 bits beside AdamW, over real steps of a model. */
import { fileURLToPath } from "node:url";
import { loadModel, trainableWeights } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { AdamW8bit } from "./adamw-8bit.js";
import { type OptimizerName, type StepReport, supervised, train } from "./index.js";

const base = fileURLToPath(new URL("../../model/fixtures/models/qwen2/", import.meta.url));
const rows = Array.from({ length: 16 }, (_, row) => {
  const inputIds = Int32Array.from({ length: 24 }, (_, i) => (row * 37 + i * 11 + (i % 3) * row) % 320);
  return { inputIds, labels: inputIds.map((id, i) => (i < 3 ? -100 : id)) };
});

async function learn(optimizer: OptimizerName): Promise<{ losses: number[]; validation: number }> {
  const model = await loadModel(base);
  try {
    const reports: StepReport[] = [];
    const steps = train({
      parameters: trainableWeights(model, [""]),
      objective: supervised(model),
      rows: { length: rows.length, row: (index) => rows[index] },
      validation: { length: rows.length, row: (index) => rows[index] },
      config: { optimizer, batchSize: 4, gradientAccumulation: 1, epochs: 15, learningRate: 2e-3, seed: 3 },
    });
    for await (const report of steps) reports.push(report);
    return { losses: reports.map(({ loss }) => loss), validation: reports.at(-1)!.validationLoss! };
  } finally {
    model.dispose();
  }
}

describe("AdamW8bit", () => {
  beforeAll(() => startEngine("auto", "fp32"));

  it("ends within 1 % of AdamW's loss after learning most of what there is", async () => {
    const [plain, packed] = [await learn("adamw"), await learn("adamw8bit")];
    expect(plain.validation).toBeLessThan(plain.losses[0] / 2);
    expect(Math.abs(packed.validation / plain.validation - 1)).toBeLessThan(0.01);
    expect(packed.losses).not.toEqual(plain.losses);
  });

  it("goes on from its state to the same bits, keeps large moments in bytes and small ones in float32", async () => {
    const parametersOf = (values: readonly (readonly [string, Float32Array])[]) =>
      values.map(([name, start]) => ({
        name,
        variable: tf.tidy(() => tf.variable(tf.tensor1d(start.slice()) as tf.Tensor)),
      }));
    const wave = (length: number, phase: number): Float32Array =>
      Float32Array.from({ length }, (_, i) => Math.sin(i * 0.7 + phase));
    const parameters = parametersOf([
      ["large", wave(5000, 0)],
      ["small", wave(10, 1)],
    ]);
    const config = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
    const optimiser = new AdamW8bit(parameters, config);
    const step = (optimiserOf: AdamW8bit, of: typeof parameters, phase: number): void => {
      const gradients = new Map(
        of.map(({ variable }) => [variable.id, tf.tensor1d(wave(variable.size, phase))] as const),
      );
      optimiserOf.apply((variable) => gradients.get(variable.id) ?? null, 0.01, 0.5);
      tf.dispose([...gradients.values()]);
    };
    for (let phase = 0; phase < 5; phase++) step(optimiser, parameters, phase);
    const state = new Map(optimiser.state().map(({ name, values }) => [name, values]));
    expect(state.get("large.first_moment.codes")).toBeInstanceOf(Uint8Array);
    expect(state.get("large.second_moment.scales")).toHaveLength(Math.ceil(5000 / 256));
    expect(state.get("small.first_moment")).toBeInstanceOf(Float32Array);
    const copies = parametersOf(
      parameters.map(({ name, variable }) => [name, Float32Array.from(variable.dataSync())] as const),
    );
    const restored = new AdamW8bit(copies, config);
    await restored.restore((name) => Promise.resolve(Float32Array.from(state.get(name)!)));
    step(optimiser, parameters, 9);
    step(restored, copies, 9);
    copies.forEach(({ variable }, i) => {
      expect(variable.dataSync()).toEqual(parameters[i].variable.dataSync());
    });
    optimiser.dispose();
    restored.dispose();
    for (const { variable } of [...parameters, ...copies]) variable.dispose();
  });
});
