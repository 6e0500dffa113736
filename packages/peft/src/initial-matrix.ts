import { createCipheriv, createHash } from "node:crypto";

const BYTES_A_WORD = 4;
/** Bits of a float32 significand: as many random bits as an element can show. */
const FRACTION_BITS = 24;

/**
 * Initial matrix A of an adapter: uniform in ±1/√I, which is Kaiming's initialisation with a = √5, as in PEFT.
 *
 * Drawn from AES-256 in counter mode under a key made of seed and path, so a matrix does not depend on which others are
 * drawn, in what order, or on what machine.
 *
 * @returns [r, I] row-major
 */
export function initialMatrix(rank: number, inFeatures: number, seed: number, path: string): Float32Array {
  const key = createHash("sha256")
    .update(JSON.stringify(["lora_A", seed, path]))
    .digest();
  const values = new Float32Array(rank * inFeatures);
  const stream = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  const bytes = stream.update(Buffer.alloc(values.length * BYTES_A_WORD));
  const bound = 1 / Math.sqrt(inFeatures);
  for (let i = 0; i < values.length; i++) {
    const fraction =
      ((bytes.readUInt32LE(i * BYTES_A_WORD) >>> (32 - FRACTION_BITS)) + 0.5) / 2 ** FRACTION_BITS;
    values[i] = (2 * fraction - 1) * bound;
  }
  return values;
}
