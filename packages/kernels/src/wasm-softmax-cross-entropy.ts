import type { SimdModule } from "./wasm-module.js";

/**
 * Cross-entropy of rows of logits, and the probabilities that its gradient is made of.
 *
 * losses[n] = log Σ exp(logits[n]) − logits[n, targets[n]], in nats; probabilities = softmax(logits).
 *
 * @param logits [N, V]   @param targets N ids below V
 * @param losses [N], overwritten   @param probabilities [N, V], overwritten; may be `logits`
 */
export function softmaxCrossEntropy(
  logits: Float32Array,
  targets: Int32Array,
  losses: Float32Array,
  probabilities: Float32Array,
  vocabularySize: number,
): void {
  for (let n = 0; n < targets.length; n++) {
    const start = n * vocabularySize;
    const end = start + vocabularySize;
    const chosen = logits[start + targets[n]];
    let largest = -Infinity;
    for (let c = start; c < end; c++) largest = Math.max(largest, logits[c]);
    let sum = 0;
    for (let c = start; c < end; c++) {
      const e = Math.exp(logits[c] - largest);
      sum += e;
      probabilities[c] = e;
    }
    const inverse = 1 / sum;
    for (let c = start; c < end; c++) probabilities[c] *= inverse;
    losses[n] = largest - chosen + Math.log(sum);
  }
}

/**
 * Gradient of `softmaxCrossEntropy` by the logits: out[n] = factors[n] · (probabilities[n] − onehot(targets[n])).
 *
 * @param probabilities [N, V]   @param targets N ids below V   @param factors [N], the gradients of the losses
 * @param out [N, V], overwritten; may be `probabilities`
 */
export function softmaxCrossEntropyGradient(
  probabilities: Float32Array,
  targets: Int32Array,
  factors: Float32Array,
  out: Float32Array,
  vocabularySize: number,
): void {
  for (let n = 0; n < targets.length; n++) {
    const start = n * vocabularySize;
    const factor = factors[n];
    for (let c = start; c < start + vocabularySize; c++) out[c] = probabilities[c] * factor;
    out[start + targets[n]] -= factor;
  }
}

/** `softmaxCrossEntropy` in WebAssembly SIMD. Takes memory for a row. @throws SimdMemoryError */
export function simdSoftmaxCrossEntropy(
  simd: SimdModule,
  logits: Float32Array,
  targets: Int32Array,
  losses: Float32Array,
  probabilities: Float32Array,
  vocabularySize: number,
): void {
  for (let n = 0; n < targets.length; n++) {
    const start = n * vocabularySize;
    const chosen = logits[start + targets[n]];
    simd.begin([16, 4 * vocabularySize]);
    const result = simd.place(16);
    const row = simd.copyIn(logits.subarray(start, start + vocabularySize));
    simd.exports.crossEntropy(row, vocabularySize, result);
    simd.copyOut(row, probabilities.subarray(start, start + vocabularySize));
    losses[n] = simd.readDouble(result) - chosen + Math.log(simd.readDouble(result + 8));
  }
}

/** `softmaxCrossEntropyGradient` in WebAssembly SIMD. Takes memory for a row. @throws SimdMemoryError */
export function simdSoftmaxCrossEntropyGradient(
  simd: SimdModule,
  probabilities: Float32Array,
  targets: Int32Array,
  factors: Float32Array,
  out: Float32Array,
  vocabularySize: number,
): void {
  for (let n = 0; n < targets.length; n++) {
    const start = n * vocabularySize;
    simd.begin([4 * vocabularySize]);
    const row = simd.copyIn(probabilities.subarray(start, start + vocabularySize));
    simd.exports.scaleValues(row, (vocabularySize + 3) & ~3, factors[n]);
    simd.copyOut(row, out.subarray(start, start + vocabularySize));
    out[start + targets[n]] -= factors[n];
  }
}
