import { createHash } from "node:crypto";

/** Numbers from 0, below 1, that follow from a seed. */
export function randomNumbers(seed: number): () => number {
  let drawn = 0;
  return () => {
    const digest = createHash("sha256").update(`${seed} ${drawn++}`).digest();
    return digest.readUIntBE(0, 6) / 2 ** 48;
  };
}
