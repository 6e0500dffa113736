/**
 * Negative log-likelihoods, in nats, and their gradient: losses[m] = log Σ exp(logits[m]) − logits[m, targets[m]],
 * dLogits = gradientScale · (softmax(logits) − one-hot(targets)).
 *
 * @param logits [M, V]   @param targets M ids below V   @param losses [M], overwritten
 * @param dLogits [M, V], overwritten; may be `logits`, or null
 */
export function crossEntropyRows(
  logits: Float32Array,
  targets: Int32Array,
  losses: Float32Array,
  dLogits: Float32Array | null,
  gradientScale: number,
): void {
  const vocabulary = logits.length / targets.length;
  for (let row = 0; row < targets.length; row++) {
    const start = row * vocabulary;
    let largest = -Infinity;
    for (let i = 0; i < vocabulary; i++) largest = Math.max(largest, logits[start + i]);
    let sum = 0;
    for (let i = 0; i < vocabulary; i++) sum += Math.exp(logits[start + i] - largest);
    losses[row] = Math.log(sum) + largest - logits[start + targets[row]];
    if (!dLogits) continue;
    for (let i = 0; i < vocabulary; i++) {
      const probability = Math.exp(logits[start + i] - largest) / sum;
      dLogits[start + i] = gradientScale * (probability - (i === targets[row] ? 1 : 0));
    }
  }
}
