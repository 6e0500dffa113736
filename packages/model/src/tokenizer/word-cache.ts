const SLOTS = 2 ** 16;
const MOST_WORDS = SLOTS / 2;
const MOST_UNITS = 2 ** 19;
const MOST_IDS = 2 ** 18;
/** Words up to here recur; a longer one hardly does. */
const LONGEST_WORD = 48;
/** Fields of a word: hash, where its text begins, its length, where its ids begin, how many there are. */
const FIELDS = 5;

/** Ids of words that occurred, in about 3 MB; when it is full it is emptied. Words are stretches of a text, and no text of their own. */
export class WordCache {
  readonly #slots = new Int32Array(SLOTS);
  readonly #words = new Int32Array(MOST_WORDS * FIELDS);
  readonly #units = new Uint16Array(MOST_UNITS);
  readonly #ids = new Int32Array(MOST_IDS);
  #count = 0;
  #unitCount = 0;
  #idCount = 0;
  /** The slot of the word that was looked for last and not found, and its hash. */
  #slot = -1;
  #hash = 0;

  /**
   * Looks for a word and writes its ids.
   * @returns how many ids; −1 for a word that is not there
   */
  find(text: string, start: number, end: number, ids: Int32Array, at: number): number {
    this.#slot = -1;
    const length = end - start;
    if (length > LONGEST_WORD) return -1;
    let hash = length;
    for (let place = start; place < end; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
    hash ^= hash >>> 15;
    const slots = this.#slots;
    const words = this.#words;
    let slot = hash & (SLOTS - 1);
    for (; slots[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
      const word = (slots[slot] - 1) * FIELDS;
      if (words[word] !== hash || words[word + 2] !== length) continue;
      if (!this.#isText(words[word + 1], text, start, length)) continue;
      const from = words[word + 3];
      const count = words[word + 4];
      for (let place = 0; place < count; place++) ids[at + place] = this.#ids[from + place];
      return count;
    }
    this.#slot = slot;
    this.#hash = hash;
    return -1;
  }

  /** Remembers the word that was just looked for in vain. */
  add(text: string, start: number, end: number, ids: Int32Array, at: number, count: number): void {
    if (this.#slot === -1) return;
    const length = end - start;
    if (
      this.#count === MOST_WORDS ||
      this.#unitCount + length > MOST_UNITS ||
      this.#idCount + count > MOST_IDS
    ) {
      this.#slots.fill(0);
      this.#count = this.#unitCount = this.#idCount = 0;
      this.#slot = this.#hash & (SLOTS - 1);
    }
    const word = this.#count * FIELDS;
    this.#words.set([this.#hash, this.#unitCount, length, this.#idCount, count], word);
    for (let place = start; place < end; place++) this.#units[this.#unitCount++] = text.charCodeAt(place);
    for (let place = 0; place < count; place++) this.#ids[this.#idCount++] = ids[at + place];
    this.#slots[this.#slot] = ++this.#count;
  }

  #isText(from: number, text: string, start: number, length: number): boolean {
    for (let place = 0; place < length; place++) {
      if (this.#units[from + place] !== text.charCodeAt(start + place)) return false;
    }
    return true;
  }
}
