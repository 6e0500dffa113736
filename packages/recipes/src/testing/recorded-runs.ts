import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openSafetensors } from "@lathe/model";

/** What the recorded runs of training say of themselves. */
export interface RecordedRun {
  readonly base_model: "qwen2" | "llama";
  readonly probe_input_ids: number[];
  readonly probe_logits_last: number[];
  readonly trained_tensors: string[];
  readonly steps: { readonly loss: number; readonly grad_norm: number; readonly nll: number }[];
}

/** A row of a recorded run. */
export interface RecordedRow {
  readonly input_ids: number[];
  readonly labels: number[];
}

/** The hyper-parameters of all recorded runs. */
export const recordedLearning = {
  batchSize: 2,
  gradientAccumulation: 2,
  epochs: 1,
  learningRate: 1e-3,
  warmupSteps: 2,
  weightDecay: 0.1,
  beta2: 0.95,
  shuffle: false,
} as const;

/** Reads a JSON file of the tests. */
export async function readJson<Value>(path: string): Promise<Value> {
  return JSON.parse(await readFile(path, "utf8")) as Value;
}

/** The rows of a recorded run in the order of its steps. */
export async function recordedRows(fixture: string): Promise<RecordedRow[]> {
  const batches = await readJson<{ input_ids: number[][]; labels: number[][] }[][]>(
    join(fixture, "batches.json"),
  );
  return batches
    .flat()
    .flatMap(({ input_ids, labels }) =>
      input_ids.map((ids, row) => ({ input_ids: ids, labels: labels[row] })),
    );
}

/** All tensors of a safetensors file. */
export async function tensorsOf(file: string): Promise<Map<string, Float32Array>> {
  const stored = await openSafetensors(file);
  try {
    const tensors = new Map<string, Float32Array>();
    for (const name of stored.names()) tensors.set(name, await stored.readFloat32(name));
    return tensors;
  } finally {
    await stored.close();
  }
}

/** Largest |a − b|; arrays of different length differ without end. */
export const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Infinity);
