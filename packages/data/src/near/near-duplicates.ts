import { join } from "node:path";
import { checkShare } from "../option-error.js";
import { GrowingArray } from "./growing-array.js";
import { MinHash, SKETCH_WORDS } from "./min-hash.js";
import { jaccard, Shingles } from "./shingles.js";
import { SpillFile } from "./spill-file.js";
import { UnionFind } from "./union-find.js";

/** The least similarity of near duplicates unless a caller says otherwise. */
export const NEAR_DUPLICATE_THRESHOLD = 0.85;

/** Rows whose keys lie together on the disk, band by band. */
const BLOCK_ROWS = 4096;
/** Rows that a row is compared with in one bucket, and in one cluster: of thousands of rows from one template all would be too many. */
const MOST_COMPARED = 64;
const CACHED_TEXTS = 4096;
const CACHED_SHINGLES = 1024; // of a text; longer ones are read again
const REMEMBERED_PAIRS = 2 ** 18;
/** Bits of 120 that agree at a similarity of 0.85 are 111 ± 3; one pair in several thousand is further off than this. */
const SKETCH_DEVIATIONS = 3.5;
const WORD_BITS = 32;
const PAIR_WORD = 2 ** 26;
const EXACT_BITS = 53; // of a whole number in a double

/** Which texts are near copies of each other. */
export interface NearClusters {
  /** Of every text the smallest number in its cluster, that of itself where it is alone. */
  readonly clusterOf: Int32Array;
  /** Clusters of two texts and more. */
  readonly clusters: number;
}

/**
 * Finds texts that are near copies of each other: the Jaccard similarity of their sets of character 5-grams reaches a threshold.
 * MinHash bands (`MinHash`) name the candidates and every pair is verified on the sets themselves. Pairs join to
 * clusters.
 *
 * Texts and keys are spilt to files of a folder; memory holds some 40 bytes a text.
 */
export class NearDuplicates {
  readonly threshold: number;
  readonly #hash: MinHash;
  readonly #shingles = new Shingles();
  readonly #texts: SpillFile;
  readonly #starts = new GrowingArray((length) => new Float64Array(length));
  readonly #lengths = new GrowingArray((length) => new Int32Array(length));
  readonly #counts = new GrowingArray((length) => new Int32Array(length));
  readonly #sketches = new GrowingArray((length) => new Int32Array(length));
  readonly #keys: SpillFile;
  readonly #block: Uint32Array;
  readonly #cachedRows = new Int32Array(CACHED_TEXTS).fill(-1);
  readonly #cachedSets: Float64Array[] = [];
  /** Pairs that were found not to be near, as row · 2²⁶ + row: they meet again in other bands. */
  readonly #apart = new Float64Array(REMEMBERED_PAIRS).fill(-1);

  /**
   * @param folder where the texts are spilt, into files `near-texts` and `near-keys` that {@link remove} removes
   * @param threshold least Jaccard similarity of near copies, above 0 and up to 1
   * @throws OptionError
   */
  constructor(folder: string, threshold: number = NEAR_DUPLICATE_THRESHOLD) {
    this.threshold = checkShare("nearDuplicates", threshold);
    this.#hash = new MinHash(threshold);
    this.#block = new Uint32Array(this.#hash.bands * BLOCK_ROWS);
    this.#texts = new SpillFile(join(folder, "near-texts"));
    this.#keys = new SpillFile(join(folder, "near-keys"));
  }

  /** Number of texts. */
  get size(): number {
    return this.#counts.size;
  }

  /** Takes a text; the first one is number 0. A text without characters is no copy of any. */
  add(text: string): void {
    const row = this.size;
    const bytes = Buffer.from(text, "utf16le"); // lone surrogates come back as they are
    this.#starts.push(this.#texts.append(bytes));
    this.#lengths.push(bytes.length);
    this.#shingles.read(text);
    this.#counts.push(this.#shingles.size);
    if (this.#shingles.size > 0) this.#hash.sign(this.#shingles);
    const { bands, keys, sketch } = this.#hash;
    for (let band = 0; band < bands; band++) this.#block[band * BLOCK_ROWS + (row % BLOCK_ROWS)] = keys[band];
    for (const word of sketch) this.#sketches.push(word);
    if (this.size % BLOCK_ROWS === 0) this.#keys.append(bytesOf(this.#block));
  }

  /** The clusters of the texts so far. */
  find(): NearClusters {
    const { size } = this;
    const joined = new UnionFind(size);
    const order = new Float64Array(size);
    const rowBits = Math.ceil(Math.log2(Math.max(size, 2)));
    const rowWord = 2 ** rowBits;
    const keyBits = Math.min(WORD_BITS, EXACT_BITS - rowBits);
    for (let band = 0; band < this.#hash.bands; band++) {
      const known = this.#sortByKey(band, order, rowWord, keyBits);
      let first = 0;
      while (first < known) {
        const key = Math.floor(order[first] / rowWord);
        let end = first + 1;
        while (end < known && Math.floor(order[end] / rowWord) === key) end += 1;
        if (end - first > 1) this.#joinBucket(order, first, end, rowWord, joined);
        first = end;
      }
    }
    const clusterOf = Int32Array.from({ length: size }, (_, row) => joined.find(row));
    const isShared = new Uint8Array(size);
    for (const [row, cluster] of clusterOf.entries()) if (cluster !== row) isShared[cluster] = 1;
    return { clusterOf, clusters: isShared.reduce((sum, shared) => sum + shared, 0) };
  }

  /**
   * Chooses what stays of every cluster: a text goes when an earlier one that stays is a near copy of it. What stays depends on
   * the texts before it alone, so that texts which come later change nothing.
   *
   * @param mayBoth whether two texts, the later one first, may both stay although they are near copies
   * @returns of every text the number of the earlier one that it copies, −1 where it stays
   */
  copies({ clusterOf }: NearClusters, mayBoth: (row: number, earlier: number) => boolean): Int32Array {
    const copyOf = new Int32Array(clusterOf.length).fill(-1);
    const staying = new Map<number, number[]>();
    for (const [row, cluster] of clusterOf.entries()) {
      if (cluster === row) continue;
      const earlier = staying.get(cluster) ?? [cluster];
      const original = earlier.find((other) => !mayBoth(row, other) && this.#areNear(row, other));
      if (original !== undefined) copyOf[row] = original;
      else earlier.unshift(row);
      if (earlier.length > MOST_COMPARED) earlier.pop();
      staying.set(cluster, earlier);
    }
    return copyOf;
  }

  /** Jaccard similarity of two texts, 0 to 1. */
  similarity(left: number, right: number): number {
    return jaccard(this.#set(left), this.#set(right));
  }

  /** The text of a number. */
  text(row: number): string {
    const bytes = Buffer.allocUnsafe(this.#lengths.values[row]);
    this.#texts.read(this.#starts.values[row], bytes);
    return bytes.toString("utf16le");
  }

  /** Closes the files and removes them. */
  async remove(): Promise<void> {
    for (const file of [this.#texts, this.#keys]) await file.remove();
  }

  /** Fills `order` with key · `rowWord` + row of every text that has shingles, ascending, and returns how many these are. */
  #sortByKey(band: number, order: Float64Array, rowWord: number, keyBits: number): number {
    const column = new Uint32Array(BLOCK_ROWS);
    const blockBytes = this.#block.byteLength;
    let known = 0;
    for (let first = 0; first < this.size; first += BLOCK_ROWS) {
      const block = Math.floor(first / BLOCK_ROWS);
      const rows = Math.min(BLOCK_ROWS, this.size - first);
      if (rows < BLOCK_ROWS) column.set(this.#block.subarray(band * BLOCK_ROWS, band * BLOCK_ROWS + rows));
      else this.#keys.read(block * blockBytes + band * column.byteLength, bytesOf(column));
      for (let row = 0; row < rows; row++) {
        if (this.#counts.values[first + row] === 0) continue;
        order[known++] = (column[row] >>> (WORD_BITS - keyBits)) * rowWord + first + row;
      }
    }
    order.subarray(0, known).sort();
    return known;
  }

  #joinBucket(order: Float64Array, first: number, end: number, rowWord: number, joined: UnionFind): void {
    const leaders: number[] = [];
    for (let at = first; at < end; at++) {
      const row = order[at] % rowWord;
      const cluster = joined.find(row);
      const near = leaders.find((leader) => joined.find(leader) === cluster || this.#areNear(row, leader));
      if (near !== undefined) joined.join(near, row);
      else {
        leaders.unshift(row);
        if (leaders.length > MOST_COMPARED) leaders.pop();
      }
    }
  }

  #areNear(left: number, right: number): boolean {
    if (!this.#mayBeNear(left, right)) return false;
    const pair = Math.max(left, right) * PAIR_WORD + Math.min(left, right);
    const place = (Math.imul(left ^ right, 0x9e3779b1) ^ Math.min(left, right)) & (REMEMBERED_PAIRS - 1);
    if (this.#apart[place] === pair) return false;
    const near = this.similarity(left, right) >= this.threshold;
    if (!near) this.#apart[place] = pair;
    return near;
  }

  /** Whether the sketches let it be that two texts are near: most candidates that are not end here, without the disk. */
  #mayBeNear(left: number, right: number): boolean {
    const slots = this.#hash.bands * this.#hash.rounds;
    let differing = 0;
    for (let word = 0; word < SKETCH_WORDS; word++) {
      differing += countBits(
        this.#sketches.values[left * SKETCH_WORDS + word] ^
          this.#sketches.values[right * SKETCH_WORDS + word],
      );
    }
    // Slots of a short text repeat the few shingles it has, and tell as little as these.
    const independent = Math.min(slots, this.#counts.values[left], this.#counts.values[right]);
    const expected = (1 - this.threshold) / 2;
    const deviation = Math.sqrt((expected * (1 - expected)) / independent);
    return differing <= slots * (expected + SKETCH_DEVIATIONS * deviation);
  }

  #set(row: number): Float64Array {
    const place = row % CACHED_TEXTS;
    if (this.#cachedRows[place] === row) return this.#cachedSets[place];
    this.#shingles.read(this.text(row));
    const set = this.#shingles.sorted();
    if (set.length > CACHED_SHINGLES) return set;
    this.#cachedRows[place] = row;
    this.#cachedSets[place] = set;
    return set;
  }
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
