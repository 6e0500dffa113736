/**
 * Rotary positions in the half-split layout of Transformers (arXiv:2104.09864): the pair (x[c], x[c + d/2]) turns by
 * angle positions[n] · inverseFrequencies[c].
 *
 * @param x [N, H, d]   @param out [N, H, d], may be `x`
 * @param cos [N, d/2]   @param sin [N, d/2]
 * @param direction 1 turns forward; −1 back, which is the gradient since a rotation's transpose is its inverse
 */
export function rotate(
  x: Float32Array,
  out: Float32Array,
  cos: Float32Array,
  sin: Float32Array,
  headCount: number,
  headSize: number,
  direction: 1 | -1,
): void {
  const half = headSize / 2;
  const rows = cos.length / half;
  for (let n = 0; n < rows; n++) {
    const angle = n * half;
    for (let h = 0; h < headCount; h++) {
      const base = (n * headCount + h) * headSize;
      for (let c = 0; c < half; c++) {
        const a = x[base + c];
        const b = x[base + half + c];
        const co = cos[angle + c];
        const si = direction * sin[angle + c];
        out[base + c] = a * co - b * si;
        out[base + half + c] = b * co + a * si;
      }
    }
  }
}
