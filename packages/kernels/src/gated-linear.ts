import { toBf16 } from "./bf16.js";
import { type LevelOptions, linear, linearInputGradient } from "./linear.js";
import type { GateTerms, PrecisionOptions, ProductOptions } from "./native-kernels.js";
import { swigluBackward, swigluForward } from "./swiglu.js";
import type { WeightMatrix } from "./weight-matrix.js";

/** Kept numbers of a row that share a scale. */
export const GATED_BLOCK = 64;

/** Bytes that a gated linear keeps of N rows of f columns: gate and up, a byte a number, and float32 scales of blocks. */
export function gatedBytes(rows: number, f: number): number {
  return 2 * rows * (f + Math.ceil(f / GATED_BLOCK) * Float32Array.BYTES_PER_ELEMENT);
}

/** The parts of kept bytes: scales [2, N, blocks], then codes [2, N, f]; of each the first half is gate's. */
function partsOf(kept: Uint8Array, f: number): { scales: Float32Array; codes: Int8Array; rows: number } {
  const rows = kept.length / gatedBytes(1, f);
  const scaleCount = 2 * rows * Math.ceil(f / GATED_BLOCK);
  const scales = new Float32Array(kept.buffer, kept.byteOffset, scaleCount);
  return { scales, codes: new Int8Array(kept.buffer, kept.byteOffset + scales.byteLength), rows };
}

function keepGates(gate: Float32Array, up: Float32Array, kept: Uint8Array, f: number): void {
  const { scales, codes, rows } = partsOf(kept, f);
  const blocks = Math.ceil(f / GATED_BLOCK);
  for (const [side, values] of [gate, up].entries()) {
    for (let block = 0; block < rows * blocks; block++) {
      const start = Math.floor(block / blocks) * f + (block % blocks) * GATED_BLOCK;
      const end = Math.min(start + GATED_BLOCK, (Math.floor(block / blocks) + 1) * f);
      const largest = values.subarray(start, end).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const isFinite = values.subarray(start, end).every(Number.isFinite);
      scales[side * rows * blocks + block] = isFinite ? largest / 127 : NaN;
      for (let i = start; i < end; i++) {
        codes[side * rows * f + i] =
          isFinite && largest > 1e-30 ? Math.round((values[i] * 127) / largest) : 0;
      }
    }
  }
}

/** Gate and up [N, f] as {@link gatedLinear} kept them. */
export function openGates(kept: Uint8Array, f: number): [gate: Float32Array, up: Float32Array] {
  const { scales, codes, rows } = partsOf(kept, f);
  const blocks = Math.ceil(f / GATED_BLOCK);
  const [gate, up] = [0, 1].map((side) =>
    Float32Array.from({ length: rows * f }, (_, i) => {
      const block = Math.floor(i / f) * blocks + Math.floor((i % f) / GATED_BLOCK);
      return scales[side * rows * blocks + block] * codes[side * rows * f + i];
    }),
  );
  return [gate, up];
}

/**
 * hidden [N, f] = silu(gate) · up in bfloat16 (Shazeer, arXiv:2002.05202), gate and up being products of x [N, I] with weights
 * [f, I]. For the backward pass they are kept in 8 bits with a scale for each block of a row, as 8-bit optimisers keep theirs
 * (arXiv:2110.02861).
 * @param kept `gatedBytes(N, f)` bytes, or null
 */
export function gatedLinear(
  x: Float32Array,
  gate: GateTerms,
  up: GateTerms,
  kept: Uint8Array | null,
  hidden: Uint16Array,
  options: PrecisionOptions & LevelOptions = {},
): void {
  const [f] = gate.weight.shape;
  const [gates, ups] = [gate, up].map(({ weight, bias, lowRank }) => {
    const y = new Float32Array(hidden.length);
    linear(x, weight, bias, y, { ...options, lowRank });
    return y;
  });
  if (kept) keepGates(gates, ups, kept, f);
  const out = new Float32Array(hidden.length);
  swigluForward(gates, ups, out);
  toBf16(out, hidden);
}

/** Gradients of gate and up [N, f] in bfloat16, from dy [N, O], the gradient of hidden · downᵀ. @param kept by {@link gatedLinear} */
export function gatedLinearBackward(
  dy: Float32Array,
  down: WeightMatrix,
  kept: Uint8Array,
  dGate: Uint16Array,
  dUp: Uint16Array,
  options: ProductOptions & LevelOptions = {},
): void {
  const [, f] = down.shape;
  const dHidden = new Float32Array(dGate.length);
  linearInputGradient(dy, down, dHidden, options);
  const [gate, up] = openGates(kept, f);
  swigluBackward(gate, up, dHidden, gate, up);
  toBf16(gate, dGate);
  toBf16(up, dUp);
}

/** hidden [N, f] again, from what {@link gatedLinear} kept. */
export function gatedHidden(kept: Uint8Array, hidden: Uint16Array, f: number): void {
  const [gate, up] = openGates(kept, f);
  swigluForward(gate, up, gate);
  toBf16(gate, hidden);
}
