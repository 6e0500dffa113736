import { createCipheriv, createHash, randomFillSync } from "node:crypto";

/** Gives numbers of the standard normal distribution. */
export type GaussianNoise = () => number;

/** Bytes that are drawn at a time. */
const BUFFER_BYTES = 65_536;

/** Bytes of a uniform number: the 53 bits of a double come of 64. */
const WORD_BYTES = 8;

/** Gaussians that are summed into one. */
const SUMMED = 4;

/**
 * Standard normal numbers from the system's cryptographic source. Each is the sum of four divided by 2, so that the floating-point
 * numbers which a single transformed pair can come to tell nothing of what was added (Holohan & Braghin, arXiv:2107.10138).
 */
export function secureNoise(): GaussianNoise {
  return gaussian((bytes) => {
    randomFillSync(bytes);
  });
}

/**
 * The same numbers at every call with the same seed, by AES-256 in counter mode: for simulations alone, as whoever knows the seed can
 * take the noise off again.
 */
export function seededNoise(seed: number, stream: string): GaussianNoise {
  return gaussian(seededBytes("federated noise", seed, stream));
}

/** Numbers uniform in (0, 1) that are the same at every call with the same seed. */
export function seededUniform(seed: number, stream: string): () => number {
  return uniformOf(seededBytes("federated draws", seed, stream));
}

function seededBytes(use: string, seed: number, stream: string): (bytes: Uint8Array) => void {
  const key = createHash("sha256")
    .update(JSON.stringify([use, seed, stream]))
    .digest();
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return (bytes) => {
    bytes.set(cipher.update(new Uint8Array(bytes.length)));
  };
}

/** Uniform in (0, 1), by the 53 bits that a double shows. */
function uniformOf(fill: (bytes: Uint8Array) => void): () => number {
  const bytes = new Uint8Array(BUFFER_BYTES);
  const view = new DataView(bytes.buffer);
  let at = BUFFER_BYTES;
  return () => {
    if (at === BUFFER_BYTES) {
      fill(bytes);
      at = 0;
    }
    const word = view.getBigUint64(at, true);
    at += WORD_BYTES;
    return (Number(word >> 11n) + 0.5) / 2 ** 53;
  };
}

function gaussian(fill: (bytes: Uint8Array) => void): GaussianNoise {
  const uniform = uniformOf(fill);
  return () => {
    let sum = 0;
    // Box and Muller; both numbers of a pair are used.
    for (let i = 0; i < SUMMED; i += 2) {
      const length = Math.sqrt(-2 * Math.log(uniform()));
      const angle = 2 * Math.PI * uniform();
      sum += length * (Math.cos(angle) + Math.sin(angle));
    }
    return sum / Math.sqrt(SUMMED);
  };
}

/** Bernoulli trials with the system's cryptographic source, for samples that nobody may foresee. */
export function secureChance(probability: number): boolean {
  if (probability >= 1) return true;
  const words = new Uint32Array(2);
  randomFillSync(words);
  return (words[0] * 2 ** 21 + (words[1] >>> 11)) / 2 ** 53 < probability;
}

/** Bernoulli trials that are the same with the same seed. */
export function seededChance(seed: number, stream: string, probability: number): boolean {
  const digest = createHash("sha256")
    .update(JSON.stringify(["federated sample", seed, stream]))
    .digest();
  return Number(digest.readBigUInt64LE(0) >> 11n) / 2 ** 53 < probability;
}
