import { attentionBackward, attentionForward, type AttentionShape } from "./attention.js";
import type { SimdModule } from "./wasm-module.js";

/** The rows of one sequence that goes through the module on its own. */
interface Sequence {
  readonly queryStart: number;
  readonly queries: number;
  readonly keyStart: number;
  readonly keys: number;
}

/** The sequences that have queries. */
function sequencesOf({ querySegments, keySegments }: AttentionShape): Sequence[] {
  const sequences: Sequence[] = [];
  for (let s = 0; s + 1 < querySegments.length; s++) {
    const [queryStart, keyStart] = [querySegments[s], keySegments[s]];
    const queries = querySegments[s + 1] - queryStart;
    const keys = keySegments[s + 1] - keyStart;
    if (queries > 0) sequences.push({ queryStart, queries, keyStart, keys });
  }
  return sequences;
}

const part = (x: Float32Array, start: number, rows: number, width: number): Float32Array =>
  x.subarray(start * width, (start + rows) * width);

/**
 * `attentionForward` in WebAssembly SIMD, with sums in float32. Takes memory for one sequence at a time. The module has one
 * head size; where values have another than keys the plain kernel computes.
 *
 * @param q [N, H, d]   @param k [M, G, d]   @param v [M, G, e]   @param out [N, H, e], overwritten
 * @throws SimdMemoryError
 */
export function simdAttentionForward(
  simd: SimdModule,
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  out: Float32Array,
  shape: AttentionShape,
): void {
  const { headCount, keyValueHeadCount, keySize: headSize, scale } = shape;
  if (shape.valueSize !== headSize) {
    attentionForward(q, k, v, out, shape);
    return;
  }
  const [width, keyWidth] = [headCount * headSize, keyValueHeadCount * headSize];
  for (const { queryStart, queries, keyStart, keys } of sequencesOf(shape)) {
    const scratchBytes = simd.exports.attentionScratch(keys, headSize, false) >>> 0;
    const [rows, keyRows] = [4 * queries * width, 4 * keys * keyWidth];
    simd.begin([rows, keyRows, keyRows, rows, scratchBytes]);
    const qAt = simd.copyIn(part(q, queryStart, queries, width));
    const kAt = simd.copyIn(part(k, keyStart, keys, keyWidth));
    const vAt = simd.copyIn(part(v, keyStart, keys, keyWidth));
    const outAt = simd.place(rows);
    const scratch = simd.place(scratchBytes);
    simd.exports.attentionForward(
      qAt,
      kAt,
      vAt,
      outAt,
      scratch,
      queries,
      keys,
      headCount,
      keyValueHeadCount,
      headSize,
      scale,
    );
    simd.copyOut(outAt, part(out, queryStart, queries, width));
  }
}

/**
 * `attentionBackward` in WebAssembly SIMD; as {@link simdAttentionForward}.
 *
 * @param q [N, H, d]   @param k [M, G, d]   @param v [M, G, e]   @param dOut [N, H, e]
 * @param dq [N, H, d]   @param dk [M, G, d]   @param dv [M, G, e], all three overwritten
 * @throws SimdMemoryError
 */
export function simdAttentionBackward(
  simd: SimdModule,
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  dOut: Float32Array,
  dq: Float32Array,
  dk: Float32Array,
  dv: Float32Array,
  shape: AttentionShape,
): void {
  const { headCount, keyValueHeadCount, keySize: headSize, scale } = shape;
  if (shape.valueSize !== headSize) {
    attentionBackward(q, k, v, dOut, dq, dk, dv, shape);
    return;
  }
  const [width, keyWidth] = [headCount * headSize, keyValueHeadCount * headSize];
  // Rows that no sequence owns, and keys of sequences without queries, have no gradient.
  for (const gradient of [dq, dk, dv]) gradient.fill(0);
  for (const { queryStart, queries, keyStart, keys } of sequencesOf(shape)) {
    const scratchBytes = simd.exports.attentionScratch(keys, headSize, true) >>> 0;
    const [rows, keyRows] = [4 * queries * width, 4 * keys * keyWidth];
    simd.begin([rows, keyRows, keyRows, rows, rows, keyRows, keyRows, scratchBytes]);
    const qAt = simd.copyIn(part(q, queryStart, queries, width));
    const kAt = simd.copyIn(part(k, keyStart, keys, keyWidth));
    const vAt = simd.copyIn(part(v, keyStart, keys, keyWidth));
    const dOutAt = simd.copyIn(part(dOut, queryStart, queries, width));
    const dqAt = simd.place(rows);
    const dkAt = simd.place(keyRows);
    const dvAt = simd.place(keyRows);
    const scratch = simd.place(scratchBytes);
    simd.exports.attentionBackward(
      qAt,
      kAt,
      vAt,
      dOutAt,
      dqAt,
      dkAt,
      dvAt,
      scratch,
      queries,
      keys,
      headCount,
      keyValueHeadCount,
      headSize,
      scale,
    );
    simd.copyOut(dqAt, part(dq, queryStart, queries, width));
    simd.copyOut(dkAt, part(dk, keyStart, keys, keyWidth));
    simd.copyOut(dvAt, part(dv, keyStart, keys, keyWidth));
  }
}
