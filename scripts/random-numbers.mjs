import { createHash } from "node:crypto";

/**
 * Numbers from 0, below 1, that follow from a seed.
 * @param {number} seed
 */
export function randomNumbers(seed) {
  let drawn = 0;
  return () => createHash("sha256").update(`${seed} ${drawn++}`).digest().readUIntBE(0, 6) / 2 ** 48;
}
