/** codes = x rounded to bfloat16 (the upper half of a float32), to nearest, ties to even; NaN stays NaN. */
export function toBf16(x: Float32Array, codes: Uint16Array): void {
  const words = new Uint32Array(x.buffer, x.byteOffset, x.length);
  for (let i = 0; i < x.length; i++) {
    const word = words[i];
    codes[i] = Number.isNaN(x[i]) ? 0x7fc0 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

/** x = codes widened, exactly. */
export function fromBf16(codes: Uint16Array, x: Float32Array): void {
  const words = new Uint32Array(x.buffer, x.byteOffset, x.length);
  for (let i = 0; i < codes.length; i++) words[i] = codes[i] << 16;
}
