import { fromBf16, toBf16 } from "./bf16.js";
import { FP8_BLOCK, widenE4m3 } from "./fp8-blocks.js";
import { NF4_CODEBOOK } from "./nf4-codebook.js";
import { NF4_BLOCK, NF4_SCALE_GROUP, type WeightMatrix } from "./weight-matrix.js";

/**
 * Rows [first, end) of the weights [O, I] as float32, all by default: bit patterns exactly, codes of int8, nf4 and fp8 times their
 * scale.
 */
export function widenWeights(
  matrix: WeightMatrix,
  first: number = 0,
  end: number = matrix.shape[0],
): Float32Array {
  const { format, shape, scales } = matrix;
  const columns = shape[1];
  if (format === "nf4") return widenNf4(matrix, first, end);
  if (format === "fp8") return widenFp8(matrix, first, end);
  const codes = matrix.codes.subarray(first * columns, end * columns);
  switch (format) {
    case "fp32":
      return codes as Float32Array;
    case "bf16":
      return new Float32Array(Uint32Array.from(codes, (code) => code << 16).buffer);
    case "fp16":
      return Float32Array.from(codes, widenHalf);
    case "int8":
      return Float32Array.from(codes, (code, i) => code * scales![first + Math.floor(i / columns)]);
  }
}

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function widenFp8({ shape, codes, scales }: WeightMatrix, first: number, end: number): Float32Array {
  const columns = shape[1];
  const blocks = Math.ceil(columns / FP8_BLOCK);
  const weights = new Float32Array((end - first) * columns);
  widenE4m3(codes.subarray(first * columns, end * columns) as Uint8Array, weights);
  for (let i = 0; i < weights.length; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    weights[i] *= scales![(first + row) * blocks + Math.floor(column / FP8_BLOCK)];
  }
  const rounded = new Uint16Array(weights.length);
  toBf16(weights, rounded);
  fromBf16(rounded, weights);
  return weights;
}

function widenNf4(matrix: WeightMatrix, first: number, end: number): Float32Array {
  const columns = matrix.shape[1];
  const rowBytes = Math.ceil(columns / 2);
  const rowBlocks = Math.ceil(columns / NF4_BLOCK);
  const weights = new Float32Array((end - first) * columns);
  for (let row = first; row < end; row++) {
    for (let column = 0; column < columns; column++) {
      const byte = matrix.codes[row * rowBytes + (column >> 1)];
      const place = NF4_CODEBOOK[column % 2 === 0 ? byte >> 4 : byte & 15];
      const block = row * rowBlocks + Math.floor(column / NF4_BLOCK);
      weights[(row - first) * columns + column] = place * scaleOfBlock(matrix, block);
    }
  }
  return weights;
}

function scaleOfBlock({ scales, nested }: WeightMatrix, block: number): number {
  if (scales) return scales[block];
  const { codes, scales: groupScales, map, offset } = nested!;
  // Rounded to float32 twice, as kernels do.
  return Math.fround(
    offset + Math.fround(groupScales[Math.floor(block / NF4_SCALE_GROUP)] * map[codes[block]]),
  );
}
