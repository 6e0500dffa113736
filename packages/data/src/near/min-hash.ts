import { scramble, type Shingles } from "./shingles.js";

const MOST_SLOTS = 120; // of a signature
const MOST_ROUNDS = 10;
const WANTED_RECALL = 0.999; // of pairs exactly at the threshold
const SKETCH_WORDS = 4;

/**
 * MinHash signatures, cut into bands for locality-sensitive hashing: two texts that share the key of any band are candidates.
 *
 * A signature has `rounds × bands` slots. A round hashes every shingle once, and the hash chooses both a bin, one a band, and
 * the value whose least is the bin's slot (one-permutation hashing); an empty bin borrows from another of its round (Shrivastava,
 * "Optimal densification for fast and accurate minwise hashing", 2017). The key of a band is made of its slots in all rounds. A pair of
 * similarity s then shares a key with probability 1 − (1 − s^rounds)^bands, at the cost of `rounds` hashes a shingle.
 */
export class MinHash {
  readonly rounds: number;
  readonly bands: number;
  /** Key of every band, of the text signed last. */
  readonly keys: Uint32Array;
  /** One bit of every slot, of the text signed last; see {@link sketchAgreement}. */
  readonly sketch = new Int32Array(SKETCH_WORDS);
  readonly #slots: Int32Array;
  readonly #isFilled: Uint8Array;

  /** @param threshold the least Jaccard similarity of a pair that is to be found, above 0 and up to 1 */
  constructor(threshold: number) {
    this.rounds = roundsFor(threshold);
    this.bands = Math.floor(MOST_SLOTS / this.rounds);
    this.keys = new Uint32Array(this.bands);
    this.#slots = new Int32Array(this.rounds * this.bands);
    this.#isFilled = new Uint8Array(this.#slots.length);
  }

  /** Makes {@link keys} and {@link sketch} of a text that has a shingle. */
  sign({ high, low, size }: Shingles): void {
    const { rounds, bands } = this;
    const slots = this.#slots;
    const isFilled = this.#isFilled.fill(0);
    for (let round = 0; round < rounds; round++) {
      const first = round * bands;
      const salt = scramble(round + 1);
      for (let index = 0; index < size; index++) {
        const value = scramble(high[index] ^ Math.imul(low[index] ^ salt, 0x9e3779b1));
        const slot = first + (((value >>> 16) * bands) >>> 16);
        if (isFilled[slot] === 0 || value < slots[slot]) {
          slots[slot] = value;
          isFilled[slot] = 1;
        }
      }
      for (let bin = 0; bin < bands; bin++) {
        if (isFilled[first + bin] === 1) continue;
        let donor = bin;
        for (let attempt = 1; isFilled[first + donor] !== 1; attempt++) {
          donor = ((scramble(bin * 4096 + attempt) >>> 16) * bands) >>> 16;
        }
        slots[first + bin] = slots[first + donor];
      }
    }
    this.sketch.fill(0);
    for (let band = 0; band < bands; band++) {
      let key = scramble(band + 1);
      for (let round = 0; round < rounds; round++) {
        const slot = round * bands + band;
        key = Math.imul(key ^ slots[slot], 0x85ebca6b);
        key ^= key >>> 15;
        this.sketch[slot >>> 5] |= (slots[slot] & 1) << (slot & 31);
      }
      this.keys[band] = scramble(key);
    }
  }
}

/** Words of a sketch; the bits beyond the slots are 0 in every sketch. */
export { SKETCH_WORDS };

/** Most hashes a band may be made of for pairs at the threshold to be found. */
function roundsFor(threshold: number): number {
  let rounds = MOST_ROUNDS;
  while (rounds > 1 && 1 - (1 - threshold ** rounds) ** Math.floor(MOST_SLOTS / rounds) < WANTED_RECALL) {
    rounds -= 1;
  }
  return rounds;
}
