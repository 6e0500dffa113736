import { toBf16 } from "./bf16.js";
import { type LevelOptions, linear, linearInputGradient } from "./linear.js";
import type { GateTerms, PrecisionOptions, ProductOptions } from "./native-kernels.js";
import { swigluBackward, swigluForward } from "./swiglu.js";
import type { WeightMatrix } from "./weight-matrix.js";

/** Kept numbers of a row that share a scale. */
export const GATED_BLOCK = 64;

const codeBytes = (rows: number, f: number): number => Math.ceil((2 * rows * f) / 4) * 4;

/** Bytes that a gated linear keeps of N rows of f columns: gate and up, a byte a number, and float32 scales of blocks. */
export function gatedBytes(rows: number, f: number): number {
  return codeBytes(rows, f) + 2 * rows * Math.ceil(f / GATED_BLOCK) * Float32Array.BYTES_PER_ELEMENT;
}

/** Where the codes of a block lie, and its scale. */
interface KeptBlock {
  readonly start: number;
  readonly end: number;
  readonly scale: number;
}

/**
 * The parts of kept bytes: codes of gate and then of up for each block of each row, and from the next multiple of 4 on scales
 * [2, N, blocks], gate's first.
 */
function partsOf(kept: Uint8Array, f: number) {
  const blocks = Math.ceil(f / GATED_BLOCK);
  const rows = Math.floor(kept.length / (2 * f + 2 * blocks * Float32Array.BYTES_PER_ELEMENT));
  const scales = new Float32Array(kept.buffer, kept.byteOffset + codeBytes(rows, f), 2 * rows * blocks);
  const codes = new Int8Array(kept.buffer, kept.byteOffset, 2 * rows * f);
  /** @param side 0 for gate, 1 for up */
  const blockAt = (side: number, row: number, block: number): KeptBlock => {
    const count = Math.min(GATED_BLOCK, f - block * GATED_BLOCK);
    const start = 2 * (row * f + block * GATED_BLOCK) + side * count;
    return { start, end: start + count, scale: (side * rows + row) * blocks + block };
  };
  return { scales, codes, rows, blocks, blockAt };
}

function keepGates(gate: Float32Array, up: Float32Array, kept: Uint8Array, f: number): void {
  const { scales, codes, rows, blocks, blockAt } = partsOf(kept, f);
  for (const [side, values] of [gate, up].entries()) {
    for (let row = 0; row < rows; row++) {
      for (let block = 0; block < blocks; block++) {
        const { start, end, scale } = blockAt(side, row, block);
        const first = row * f + block * GATED_BLOCK;
        const numbers = values.subarray(first, first + end - start);
        const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const isFinite = numbers.every(Number.isFinite);
        scales[scale] = isFinite ? largest / 127 : NaN;
        numbers.forEach((value, i) => {
          codes[start + i] = isFinite && largest > 1e-30 ? Math.round((value * 127) / largest) : 0;
        });
      }
    }
  }
}

/** Gate and up [N, f] as {@link gatedLinear} kept them. */
export function openGates(kept: Uint8Array, f: number): [gate: Float32Array, up: Float32Array] {
  const { scales, codes, rows, blockAt } = partsOf(kept, f);
  const [gate, up] = [0, 1].map((side) =>
    Float32Array.from({ length: rows * f }, (_, i) => {
      const { start, scale } = blockAt(side, Math.floor(i / f), Math.floor((i % f) / GATED_BLOCK));
      return scales[scale] * codes[start + ((i % f) % GATED_BLOCK)];
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

/**
 * Gradients of gate and up [N, f] in bfloat16, from dy [N, O], the gradient of hidden · downᵀ.
 * @param kept by {@link gatedLinear}   @param dGate may begin where kept does, and is then written over its codes
 */
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
