const PARITY = 0x1bd11bda; // keeps an all-zero key from giving an all-zero schedule
const ROUNDS_OF_FOUR = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/**
 * Threefry-2x32 with 20 rounds: a counter-based generator, so any element of a stream is had without the ones before it.
 * Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
 *
 * @returns two words of 32 random bits (as unsigned numbers) for the counter under the key
 */
export function threefry2x32(
  key: readonly [number, number],
  counter: readonly [number, number],
): [number, number] {
  const schedule = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
  let x0 = (counter[0] + schedule[0]) | 0;
  let x1 = (counter[1] + schedule[1]) | 0;
  for (let block = 0; block < 5; block++) {
    for (const rotation of ROUNDS_OF_FOUR[block & 1]) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    }
    x0 = (x0 + schedule[(block + 1) % 3]) | 0;
    x1 = (x1 + schedule[(block + 2) % 3] + block + 1) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}
