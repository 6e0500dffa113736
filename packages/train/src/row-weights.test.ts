/** Weights of rows, held to laws: a row of weight 2 is the row given twice, and micro-batches change nothing but rounding. */
import { fileURLToPath } from "node:url";
import { sayPhrase } from "@lathe/files";
import { flatBatch, type LabelledRow, type LanguageModel, loadModel, trainableWeights } from "@lathe/model";
import { listEngines, startEngine } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StepReport, supervised, train, type TrainConfig } from "./index.js";

const base = fileURLToPath(new URL("../../model/fixtures/models/llama/", import.meta.url));
const probed = await Promise.all(
  listEngines()
    .filter(({ name }) => name !== "cpu")
    .map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);
const engines = probed.filter((name) => name !== null);

const rows = Array.from({ length: 4 }, (_, row) => {
  const inputIds = Int32Array.from({ length: 5 + row * 3 }, (_, at) => (row * 37 + at * at * 11 + 5) % 300);
  return { inputIds, labels: inputIds.map((id, i) => (i < inputIds.length / 2 ? -100 : id)) };
});
const weights = [2, 1, 0.5, 3];
const weighted: LabelledRow[] = rows.map((row, index) => ({ ...row, weight: weights[index] }));

describe.each(engines)("rows with weights on %s", (engine) => {
  let model: LanguageModel;
  let trained: tf.Variable[];
  beforeAll(async () => {
    await startEngine(engine, "fp32");
    model = await loadModel(base);
    // The head, whose gradient is taken otherwise than those below it, and a layer.
    trained = trainableWeights(model, ["lm_head", "model.layers.2."]).map(({ variable }) => variable);
  });
  afterAll(() => {
    model.dispose();
  });

  /** Loss and gradient norm of one step over some rows, without an update. */
  async function step(some: readonly LabelledRow[], config: Partial<TrainConfig>, loss = {}) {
    const steps = train({
      parameters: trained.map((variable, index) => ({ name: String(index), variable })),
      objective: supervised(model, loss),
      rows: { length: some.length, row: (index) => some[index] },
      config: { learningRate: 0, shuffle: false, maxSteps: 1, maxGradNorm: 0, ...config },
    });
    const { value } = await steps.next();
    await steps.return(undefined as never);
    return value as StepReport;
  }
  const close = (a: number, b: number): void => {
    expect(Math.abs(a / b - 1)).toBeLessThan(2e-5);
  };

  it.each([{}, { labelSmoothing: 0.1, zLoss: 1e-3 }])(
    "count as often as they weigh, with %j",
    async (loss) => {
      const twice = await step([rows[0], rows[0], rows[1]], { batchSize: 3, gradientAccumulation: 1 }, loss);
      const once = await step([weighted[0], weighted[1]], { batchSize: 2, gradientAccumulation: 1 }, loss);
      close(once.loss, twice.loss);
      close(once.gradNorm, twice.gradNorm);
      expect(once.labelTokens).toBe(twice.labelTokens - rows[0].labels.filter((label) => label >= 0).length);
    },
  );

  it("give the same step however it falls into micro-batches", async () => {
    const whole = await step(weighted, { batchSize: 4, gradientAccumulation: 1 });
    for (const batchSize of [1, 2]) {
      const parts = await step(weighted, { batchSize, gradientAccumulation: 4 / batchSize });
      close(parts.loss, whole.loss);
      close(parts.gradNorm, whole.gradNorm);
    }
    const plain = await step(rows, { batchSize: 4, gradientAccumulation: 1 });
    expect(Math.abs(plain.loss - whole.loss)).toBeGreaterThan(1e-4);
  });

  it("weigh in the mean of an evaluation as well", () => {
    const { loss, size } = supervised(model);
    const sum = (some: readonly LabelledRow[]): number => loss(flatBatch(some)).dataSync()[0];
    const expected = rows.reduce((total, row, index) => total + weights[index] * sum([row]), 0);
    close(sum(weighted), expected);
    const labels = rows.map((row) => size(flatBatch([row])).units);
    expect(size(flatBatch(weighted)).units).toBe(
      labels.reduce((total, count, index) => total + count * weights[index], 0),
    );
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("are refused at %d", (weight) => {
    expect(sayPhrase(supervised(model).rowFault({ ...rows[0], weight })!)).toContain(
      "expected a weight above 0",
    );
  });
});
