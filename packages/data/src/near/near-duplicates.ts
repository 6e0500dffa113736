import { join } from "node:path";
import { checkShare } from "../option-error.js";
import { RecordFile } from "../spill/record-file.js";
import { SpillFile } from "../spill/spill-file.js";
import { MinHash, SKETCH_WORDS } from "./min-hash.js";
import { jaccard, Shingles } from "./shingles.js";
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
const WORD = 2 ** WORD_BITS;
const PAIR_WORD = 2 ** 26;
const EXACT_BITS = 53; // of a whole number in a double
const TEXTS_FILE = "near-texts";
const KEYS_FILE = "near-keys";
const RECORDS_FILE = "near-records";
/** Words of a record besides the sketch: where a text begins (two of them), its bytes, its kind, its shingles. */
const RECORD_WORDS = 5;
const MOST_COUNTED = 255; // shingles as far as they matter: beyond the slots of a signature their number says nothing

/** Files below the folder of {@link NearDuplicates}. */
export const NEAR_FILES: readonly string[] = [TEXTS_FILE, KEYS_FILE, RECORDS_FILE];

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
 * Texts, keys and signatures are spilt to files of a folder; memory holds nothing of a text while texts are added, and some 35 bytes
 * of each while copies are looked for.
 */
export class NearDuplicates {
  readonly threshold: number;
  readonly #hash: MinHash;
  readonly #shingles = new Shingles();
  readonly #texts: SpillFile;
  readonly #records: RecordFile;
  readonly #keys: SpillFile;
  readonly #block: Uint32Array;
  #looked: Looked = { size: 0, sketches: new Int32Array(0), counts: new Uint8Array(0) };
  readonly #cachedRows = new Int32Array(CACHED_TEXTS).fill(-1);
  readonly #cachedSets: Float64Array[] = [];
  /** Pairs that were found not to be near, as row · 2²⁶ + row: they meet again in other bands. */
  readonly #apart = new Float64Array(REMEMBERED_PAIRS).fill(-1);

  /**
   * @param folder where the texts are spilt, into files `near-texts`, `near-keys` and `near-records` that {@link remove} removes
   * @param threshold least Jaccard similarity of near copies, above 0 and up to 1
   * @param isSaved whether the files are those that {@link save} left there, by the same threshold; nothing can be added then
   * @throws OptionError
   */
  constructor(folder: string, threshold: number = NEAR_DUPLICATE_THRESHOLD, isSaved = false) {
    this.threshold = checkShare("nearDuplicates", threshold);
    this.#hash = new MinHash(threshold);
    this.#block = new Uint32Array(this.#hash.bands * BLOCK_ROWS);
    this.#texts = new SpillFile(join(folder, TEXTS_FILE), isSaved);
    this.#keys = new SpillFile(join(folder, KEYS_FILE), isSaved);
    this.#records = new RecordFile(join(folder, RECORDS_FILE), RECORD_WORDS + SKETCH_WORDS, isSaved);
    if (this.size % BLOCK_ROWS > 0 && isSaved) {
      this.#keys.read(this.#keys.size - this.#block.byteLength, bytesOf(this.#block));
    }
  }

  /** Number of texts. */
  get size(): number {
    return this.#records.size;
  }

  /**
   * Takes a text; the first one is number 0. A text without characters is no copy of any.
   * @param kind a whole number of 32 bits; texts of different kinds share no shingle, whatever they say
   */
  add(text: string, kind = 0): void {
    const row = this.size;
    const bytes = Buffer.from(text, "utf16le"); // lone surrogates come back as they are
    const start = this.#texts.append(bytes);
    this.#shingles.read(text, kind);
    const { size } = this.#shingles;
    if (size > 0) this.#hash.sign(this.#shingles);
    const { bands, keys, sketch } = this.#hash;
    for (let band = 0; band < bands; band++) this.#block[band * BLOCK_ROWS + (row % BLOCK_ROWS)] = keys[band];
    this.#records.append([start % WORD, Math.floor(start / WORD), bytes.length, kind >>> 0, size, ...sketch]);
    if (this.size % BLOCK_ROWS === 0) this.#keys.append(bytesOf(this.#block));
  }

  /** Brings all that was added to the disk, for another one to look for copies; nothing can be added afterwards. */
  save(): void {
    if (this.size % BLOCK_ROWS > 0) this.#keys.append(bytesOf(this.#block));
    for (const file of [this.#texts, this.#keys, this.#records]) file.save();
  }

  /** The clusters of the texts so far. */
  find(): NearClusters {
    const { size } = this;
    const joined = new UnionFind(size);
    const order = new Float64Array(size);
    const rowBits = bitsOf(size);
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
    const clusterOf = new Int32Array(size);
    for (let row = 0; row < size; row++) clusterOf[row] = joined.find(row);
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
    const rowWord = 2 ** bitsOf(clusterOf.length);
    let cluster = -1;
    let staying: number[] = [];
    for (const entry of byCluster(clusterOf, rowWord)) {
      const row = entry % rowWord;
      if (clusterOf[row] !== cluster) {
        cluster = clusterOf[row];
        staying = [cluster];
      }
      const original = staying.find((other) => this.#areNear(row, other) && !mayBoth(row, other));
      if (original !== undefined) copyOf[row] = original;
      else staying.unshift(row);
      if (staying.length > MOST_COMPARED) staying.pop();
    }
    return copyOf;
  }

  /** Jaccard similarity of two texts, 0 to 1. */
  similarity(left: number, right: number): number {
    return jaccard(this.#set(left), this.#set(right));
  }

  /** The text of a number. */
  text(row: number): string {
    const [low, high, length] = this.#records.at(row);
    const bytes = Buffer.allocUnsafe(length);
    this.#texts.read(high * WORD + (low >>> 0), bytes);
    return bytes.toString("utf16le");
  }

  /** Closes the files. */
  close(): void {
    for (const file of [this.#texts, this.#keys, this.#records]) file.close();
  }

  /** Closes the files and removes them. */
  async remove(): Promise<void> {
    for (const file of [this.#texts, this.#keys, this.#records]) await file.remove();
  }

  /** Sketches and numbers of shingles of all texts so far. */
  #look(): Looked {
    const { size } = this;
    if (this.#looked.size === size) return this.#looked;
    const sketches = new Int32Array(size * SKETCH_WORDS);
    const counts = new Uint8Array(size);
    for (let row = 0; row < size; row++) {
      const record = this.#records.at(row);
      counts[row] = Math.min(record[RECORD_WORDS - 1], MOST_COUNTED);
      sketches.set(record.subarray(RECORD_WORDS), row * SKETCH_WORDS);
    }
    this.#looked = { size, sketches, counts };
    return this.#looked;
  }

  /** Fills `order` with key · `rowWord` + row of every text that has shingles, ascending, and returns how many these are. */
  #sortByKey(band: number, order: Float64Array, rowWord: number, keyBits: number): number {
    const { counts } = this.#look();
    const column = new Uint32Array(BLOCK_ROWS);
    const blockBytes = this.#block.byteLength;
    let known = 0;
    for (let first = 0; first < this.size; first += BLOCK_ROWS) {
      const block = Math.floor(first / BLOCK_ROWS);
      const rows = Math.min(BLOCK_ROWS, this.size - first);
      if (rows < BLOCK_ROWS) column.set(this.#block.subarray(band * BLOCK_ROWS, band * BLOCK_ROWS + rows));
      else this.#keys.read(block * blockBytes + band * column.byteLength, bytesOf(column));
      for (let row = 0; row < rows; row++) {
        if (counts[first + row] === 0) continue;
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
    const { sketches, counts } = this.#look();
    const slots = this.#hash.bands * this.#hash.rounds;
    let differing = 0;
    for (let word = 0; word < SKETCH_WORDS; word++) {
      differing += countBits(sketches[left * SKETCH_WORDS + word] ^ sketches[right * SKETCH_WORDS + word]);
    }
    // Slots of a short text repeat the few shingles it has, and tell as little as these.
    const independent = Math.min(slots, counts[left], counts[right]);
    const expected = (1 - this.threshold) / 2;
    const deviation = Math.sqrt((expected * (1 - expected)) / independent);
    return differing <= slots * (expected + SKETCH_DEVIATIONS * deviation);
  }

  #set(row: number): Float64Array {
    const place = row % CACHED_TEXTS;
    if (this.#cachedRows[place] === row) return this.#cachedSets[place];
    const kind = this.#records.at(row)[RECORD_WORDS - 2];
    this.#shingles.read(this.text(row), kind);
    const set = this.#shingles.sorted();
    if (set.length > CACHED_SHINGLES) return set;
    this.#cachedRows[place] = row;
    this.#cachedSets[place] = set;
    return set;
  }
}

/** What is looked at of every text while copies are looked for. */
interface Looked {
  readonly size: number;
  /** [texts · {@link SKETCH_WORDS}] */
  readonly sketches: Int32Array;
  /** Shingles, at most {@link MOST_COUNTED}. */
  readonly counts: Uint8Array;
}

/** Texts that are not the first of their cluster, as cluster · `rowWord` + text, ascending. */
function byCluster(clusterOf: Int32Array, rowWord: number): Float64Array {
  const members = clusterOf.reduce((sum, cluster, row) => sum + (cluster === row ? 0 : 1), 0);
  const order = new Float64Array(members);
  let at = 0;
  for (const [row, cluster] of clusterOf.entries())
    if (cluster !== row) order[at++] = cluster * rowWord + row;
  return order.sort();
}

const bitsOf = (size: number): number => Math.ceil(Math.log2(Math.max(size, 2)));

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
