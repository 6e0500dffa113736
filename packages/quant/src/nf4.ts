import { NF4_BLOCK, NF4_CODEBOOK } from "@lathe/kernels";
import { inverse } from "./inverse.js";
import type { PackedFormat } from "./packed-format.js";

/** Where the next higher value of the code book comes nearer: the mean of two neighbours. A tie takes the lower one. */
const BORDERS = NF4_CODEBOOK.map((value, code) => (value + NF4_CODEBOOK[code + 1]) / 2);

const ZERO_CODE = NF4_CODEBOOK.indexOf(0);

/** Intervals of [−1, 1] that each have one border at most: the two nearest borders are 0.076 apart. */
const INTERVALS = 64;

/** Code at the lower end of each interval; a value of 1 falls into the last, which is empty. */
const codeAtStart = Uint8Array.from({ length: INTERVALS + 1 }, (_, interval) => {
  const start = (2 * interval) / INTERVALS - 1;
  return BORDERS.filter((border) => start > border).length;
});

/** The code of the nearest value. @param place within [−1, 1], or beyond by a rounding */
function nearestCode(place: number): number {
  const code = codeAtStart[((place + 1) * (INTERVALS / 2)) | 0];
  // Beyond the last border is NaN, which nothing is above.
  return code + +(place > BORDERS[code]);
}

/**
 * nf4: 4-bit NormalFloat with double quantisation, weight ≈ scale of its block · value of its code (QLoRA,
 * arXiv:2305.14314, §3).
 *
 * - Layout: 64 weights of a row are a block and share a scale, the largest magnitude among them; a row starts a block of
 *   its own. Codes [O, ⌈I/2⌉], two a byte, the first in the upper half; 16 values, denser where normally distributed
 *   weights are. Where 64 divides I this is the layout of bitsandbytes, and so are the codes.
 * - Scales are quantised in their turn, 256 at a time (`nestScales`): 8 bits a block and 32 bits a group, 4.13 bits a
 *   weight in all.
 * - Lost: |w − ŵ| ≤ 0.152 · scale, half the widest gap between two values, plus what the scale lost (0.007 of the
 *   largest deviation of a scale in its group).
 * - A block of zeros has the code of zero everywhere, so that it stays zero whatever its scale becomes.
 */
export const nf4: PackedFormat = {
  name: "nf4",
  description: "4-bit NormalFloat, a doubly quantised scale for 64 weights",
  dtype: "U8",
  codeBytes: 1,
  scaling: "block",
  blockColumns: NF4_BLOCK,
  nestsScales: true,
  roundsTo: null,
  leavesHead: true,
  headFormat: "int8",
  // The files' blocks run on from row to row.
  isStorable: (columns) => columns % NF4_BLOCK === 0,
  overflowsAt: Infinity,
  nonFiniteMask: null,
  codesInRow: (columns) => Math.ceil(columns / 2),
  scalesInRow: (columns) => Math.ceil(columns / NF4_BLOCK),
  codesIn: (buffer, byteOffset, length) => new Uint8Array(buffer, byteOffset, length),
  findScales(row, scales) {
    for (let block = 0; block < scales.length; block++) {
      const end = Math.min(row.length, (block + 1) * NF4_BLOCK);
      let largest = 0;
      for (let i = block * NF4_BLOCK; i < end; i++) {
        const magnitude = Math.abs(row[i]);
        if (magnitude > largest) largest = magnitude;
      }
      scales[block] = largest;
    }
  },
  encode(row, scales, codes: Uint8Array) {
    for (let block = 0; block * NF4_BLOCK < row.length; block++) {
      const scale = scales![block];
      const factor = inverse(scale);
      const end = Math.min(row.length, (block + 1) * NF4_BLOCK);
      if (scale === 0) {
        codes.fill((ZERO_CODE << 4) | ZERO_CODE, (block * NF4_BLOCK) / 2, Math.ceil(end / 2));
        continue;
      }
      const pairsEnd = end - (end % 2);
      for (let i = block * NF4_BLOCK; i < pairsEnd; i += 2) {
        const high = nearestCode(Math.fround(row[i] * factor));
        codes[i >> 1] = (high << 4) | nearestCode(Math.fround(row[i + 1] * factor));
      }
      if (pairsEnd < end) {
        codes[pairsEnd >> 1] = (nearestCode(Math.fround(row[pairsEnd] * factor)) << 4) | ZERO_CODE;
      }
    }
  },
  widen(codes: Uint8Array, columns, target) {
    const rowCodes = Math.ceil(columns / 2);
    const rows = columns === 0 ? 0 : target.length / columns;
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < columns; i++) {
        const pair = codes[row * rowCodes + (i >> 1)];
        target[row * columns + i] = NF4_CODEBOOK[i % 2 === 0 ? pair >> 4 : pair & 15];
      }
    }
  },
};
