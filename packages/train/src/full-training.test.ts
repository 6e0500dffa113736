/**
 * Whole models and named parts of them, trained step by step as Transformers and PyTorch did (fixtures/README.md says how):
 * weights and biases of linears, norms, the embedding, heads tied to it and not.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { flatBatch, loadModel, openSafetensors, trainableWeights } from "@lathe/model";
import { listEngines, startEngine } from "@lathe/tensor";
import { describe, expect, it } from "vitest";
import { adamW, type StepReport, supervised, train } from "./index.js";

interface Expected {
  readonly base_model: string;
  readonly probe_input_ids: number[];
  readonly probe_logits_last: number[];
  readonly trained_tensors: string[];
  readonly steps: {
    readonly loss: number;
    readonly grad_norm: number;
    readonly lr: number;
    readonly label_tokens: number;
  }[];
}
interface Rows {
  readonly input_ids: number[][];
  readonly labels: number[][];
}

const fixture = (path: string): string => fileURLToPath(new URL(`../fixtures/full/${path}`, import.meta.url));
const base = (name: string): string =>
  fileURLToPath(new URL(`../../model/fixtures/models/${name}/`, import.meta.url));
const readJson = async <Value>(path: string): Promise<Value> =>
  JSON.parse(await readFile(path, "utf8")) as Value;

/** Relative to Transformers' values. */
const TOLERANCE = 1e-4;
/** Largest difference of a weight; single ones whose gradient is at rounding level are known to differ by 2e-5. */
const WEIGHT_TOLERANCE = 1e-4;

const probed = await Promise.all(
  listEngines().map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);
const engines = probed.filter((name) => name !== null);

const runs = [
  { run: "qwen2-full", prefixes: [""], checkpointing: "none" },
  { run: "qwen2-full", prefixes: [""], checkpointing: "block" },
  { run: "llama-full", prefixes: [""], checkpointing: "none" },
  { run: "llama-modules", prefixes: ["model.layers.2.", "lm_head"], checkpointing: "none" },
] as const;

describe.each(engines.flatMap((engine) => runs.map((entry) => ({ engine, ...entry }))))(
  "$run on $engine, checkpointing $checkpointing",
  ({ engine, run, prefixes, checkpointing }) => {
    it(`follows Transformers step by step within ${TOLERANCE}`, async () => {
      await startEngine(engine, "fp32");
      const expected = await readJson<Expected>(fixture(`${run}/expected.json`));
      const batches = await readJson<Rows[][]>(fixture(`${run}/batches.json`));
      const model = await loadModel(base(expected.base_model));
      try {
        const weights = trainableWeights(model, prefixes);
        expect(weights.map(({ name }) => name).sort()).toEqual(expected.trained_tensors);
        model.checkpointing = checkpointing;
        const rows = batches.flat().flatMap(({ input_ids, labels }) =>
          input_ids.map((ids, row) => ({
            inputIds: Int32Array.from(ids),
            labels: Int32Array.from(labels[row]),
          })),
        );
        const reports: StepReport[] = [];
        const steps = train({
          // No decay on norms and biases.
          parameters: weights.map((weight) =>
            weight.variable.rank < 2 ? { ...weight, weightDecay: 0 } : weight,
          ),
          objective: supervised(model),
          rows: { length: rows.length, row: (index) => rows[index] },
          optimiser: adamW({ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 }),
          config: {
            batchSize: batches[0][0].input_ids.length,
            gradientAccumulation: batches[0].length,
            epochs: 1,
            learningRate: 1e-3,
            warmupSteps: 2,
            schedule: "cosine",
            maxGradNorm: 1,
            shuffle: false,
          },
        });
        for await (const report of steps) reports.push(report);
        expect(reports).toHaveLength(expected.steps.length);
        for (const [index, { loss, gradNorm, learningRate, labelTokens }] of reports.entries()) {
          const right = expected.steps[index];
          expect(labelTokens).toBe(right.label_tokens);
          expect(learningRate).toBeCloseTo(right.lr, 12);
          expect(Math.abs(loss / right.loss - 1), `loss of step ${index + 1}`).toBeLessThan(TOLERANCE);
          expect(Math.abs(gradNorm / right.grad_norm - 1), `norm of step ${index + 1}`).toBeLessThan(
            TOLERANCE,
          );
        }

        const ids = Int32Array.from(expected.probe_input_ids);
        const hidden = model.hiddenStates(flatBatch([{ inputIds: ids, labels: ids }]));
        const logits = model.project(hidden);
        const last = logits.dataSync().slice(-expected.probe_logits_last.length);
        hidden.dispose();
        logits.dispose();
        expected.probe_logits_last.forEach((value, i) => {
          expect(Math.abs(last[i] - value), `logit ${i}`).toBeLessThan(TOLERANCE * 10);
        });

        const trained = await openSafetensors(fixture(`${run}/model.safetensors`));
        try {
          for (const { name, variable } of weights) {
            const right = await trained.readFloat32(name);
            const values = variable.dataSync();
            const difference = right.reduce(
              (most, value, i) => Math.max(most, Math.abs(value - values[i])),
              0,
            );
            expect(difference, name).toBeLessThan(WEIGHT_TOLERANCE);
          }
        } finally {
          await trained.close();
        }
      } finally {
        model.dispose();
      }
    });
  },
);
