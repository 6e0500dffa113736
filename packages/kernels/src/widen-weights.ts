import type { WeightMatrix } from "./weight-matrix.js";

/** The weights [O, I] as float32: bit patterns exactly, int8 codes times the scale of their row. */
export function widenWeights({ format, shape, codes, scales }: WeightMatrix): Float32Array {
  switch (format) {
    case "fp32":
      return codes as Float32Array;
    case "bf16":
      return new Float32Array(Uint32Array.from(codes, (code) => code << 16).buffer);
    case "fp16":
      return Float32Array.from(codes, widenHalf);
    case "int8":
      return Float32Array.from(codes, (code, i) => code * scales![Math.floor(i / shape[1])]);
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
