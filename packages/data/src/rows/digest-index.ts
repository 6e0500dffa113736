import * as crypto from "node:crypto";

const WORDS = 4; // 32-bit words of a digest
const FIRST_CAPACITY = 1024;
const FULLEST = 0.6; // share of slots in use before the table doubles; linear probing slows down steeply beyond

/**
 * The first 128 bits of SHA-256 as four 32-bit words. Two different texts among 10^9 share them with a
 * probability of about 10^-21, so equality of digests stands for equality of texts.
 */
export function digest128(...parts: readonly string[]): Uint32Array {
  // Lengths keep ("ab","c") and ("a","bc") apart.
  let text = "";
  for (const part of parts) text += `${part.length}:${part}`;
  const bytes = sha256(text);
  const words = new Uint32Array(WORDS);
  for (let word = 0; word < WORDS; word++) words[word] = bytes.readUInt32LE(word * 4);
  return words;
}

/** Of a short text most of the time goes into making a hash object, which Node does without from 20.12 on. */
const sha256: (text: string) => Buffer =
  "hash" in crypto
    ? (text) => crypto.hash("sha256", text, "buffer")
    : (text) => crypto.createHash("sha256").update(text).digest();

/**
 * Numbers distinct 128-bit digests in the order of their first appearance. A Set of strings would take about five
 * times the memory and ends at 2^24 entries; here an entry costs 16 bytes and its share of the table.
 */
export class DigestIndex {
  #digests = new Uint32Array(FIRST_CAPACITY * WORDS);
  #slots = new Int32Array(FIRST_CAPACITY * 2); // 1 + number of the digest, 0 when free; a power of two
  #size = 0;

  /** Number of distinct digests. */
  get size(): number {
    return this.#size;
  }

  /** The number of a digest, given to it now if it is new; it is new exactly when the result equals the former `size`. */
  add(digest: Uint32Array): number {
    if (this.#size + 1 > this.#slots.length * FULLEST) this.#grow();
    const slot = this.#slotOf(digest);
    if (this.#slots[slot] !== 0) return this.#slots[slot] - 1;
    if ((this.#size + 1) * WORDS > this.#digests.length) {
      const larger = new Uint32Array(this.#digests.length * 2);
      larger.set(this.#digests);
      this.#digests = larger;
    }
    this.#digests.set(digest, this.#size * WORDS);
    this.#slots[slot] = this.#size + 1;
    return this.#size++;
  }

  /** The number of a digest; null for one that was never added. */
  find(digest: Uint32Array): number | null {
    const slot = this.#slotOf(digest);
    return this.#slots[slot] === 0 ? null : this.#slots[slot] - 1;
  }

  /** The digest of a number that `add` gave. */
  digest(number: number): Uint32Array {
    return this.#digests.slice(number * WORDS, (number + 1) * WORDS);
  }

  /** The slot that holds a digest, or the free one where it would go. */
  #slotOf(digest: Uint32Array): number {
    const mask = this.#slots.length - 1;
    let slot = digest[0] & mask;
    while (this.#slots[slot] !== 0 && !this.#equals(this.#slots[slot] - 1, digest)) slot = (slot + 1) & mask;
    return slot;
  }

  #equals(number: number, digest: Uint32Array): boolean {
    for (let word = 0; word < WORDS; word++) {
      if (this.#digests[number * WORDS + word] !== digest[word]) return false;
    }
    return true;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.#size; number++) {
      let slot = this.#digests[number * WORDS] & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}
