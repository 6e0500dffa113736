import { type DecoderConfig, DenseLinear, flatBatch, type LanguageModel, loadModel } from "@lathe/model";
import { installedBinding, listEngines } from "@lathe/tensor";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";

/** Helpers of this package's tests. */

/** A file or folder of this package, by its path from the package's root. */
export function packagePath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** One of the tiny models that `@lathe/model` keeps for its tests. */
export function fixtureModel(name: string): string {
  return packagePath(`../model/fixtures/models/${name}`);
}

/** Loads a tiny model. */
export async function loadFixture(name: string): Promise<LanguageModel> {
  return await loadModel(fixtureModel(name));
}

/** Names of the engines that train on this machine. */
export async function enginesHere(): Promise<readonly string[]> {
  const native = listEngines().find(({ name }) => name === "native")!;
  return [
    "wasm",
    ...((await native.probe()) === null ? ["native"] : []),
    ...("reason" in installedBinding() ? [] : ["tensorflow"]),
  ];
}

/** A dense linear with random weight and bias. */
export function randomLinear(
  outFeatures: number,
  inFeatures: number,
  floats: (length: number) => Float32Array,
  hasBias = true,
): DenseLinear {
  return new DenseLinear({
    shape: [outFeatures, inFeatures],
    weight: floats(outFeatures * inFeatures),
    bias: hasBias ? floats(outFeatures) : null,
  });
}

/** Logits of one row of tokens. @returns [N, V] row-major */
export function logitsOf(model: LanguageModel, ids: readonly number[]): Float32Array {
  const inputIds = Int32Array.from(ids);
  return tf.tidy(() => {
    const batch = flatBatch([{ inputIds, labels: inputIds }]);
    return model.project(model.hiddenStates(batch)).dataSync() as Float32Array;
  });
}

/** Largest |a − b|; NaN differs from everything. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i] - b[i]);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
  }
  return worst;
}

/** Dimensions of Qwen2.5-3B. */
export const qwen25Sizes: DecoderConfig = {
  architecture: "qwen2",
  vocabularySize: 151936,
  hiddenSize: 2048,
  intermediateSize: 11008,
  layerCount: 36,
  headCount: 16,
  keyValueHeadCount: 2,
  headSize: 128,
  rmsNormEpsilon: 1e-6,
  rope: { theta: 1_000_000, scaling: null },
  maxPositions: 32768,
  tieWordEmbeddings: true,
  attentionBias: true,
  attentionOutputBias: false,
  mlpBias: false,
  queryKeyNorm: false,
  beginOfSequenceIds: [151643],
  endOfSequenceIds: [151645],
  padId: null,
  dtype: "bfloat16",
};
