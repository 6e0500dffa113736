import { digest128, DigestIndex } from "../rows/digest-index.js";
import type { Row } from "../rows/row.js";
import { GrowingArray } from "../spill/growing-array.js";
import { UnionFind } from "../near/union-find.js";
import { DIALOGUE_FIELDS, fieldText, groupDigests } from "./group-digests.js";
import { SPLITS, type SplitWeights } from "./split-weights.js";

/** What rows share a split. */
export interface RowGroupOptions {
  /** Fields whose rows of one value share a split. @defaultValue {@link DIALOGUE_FIELDS} */
  readonly groupBy?: readonly string[];
  /** Field whose every value is to be split by the weights, as near as its rows allow. @defaultValue none */
  readonly stratify?: string | null;
}

/** The fraction of the golden ratio: its multiples fill an interval evenly, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Rows in groups that stay together, and the split of every group.
 *
 * A group is drawn by a hash of the seed and of its digest, without regard to other groups: a row keeps its split when rows are added
 * after it, and the sizes of the splits follow the weights as draws do. With strata the n-th group of a stratum is drawn by the n-th
 * point of an evenly spread sequence, so that even a small stratum is split by the weights.
 *
 * Groups that a row belongs to at once (its dialogue, its customer) and clusters that are {@link join}ed become one, and go
 * where the group goes that came first. Only this moves rows when a set grows: a new row that joins two groups brings the later
 * one to the split of the earlier one.
 */
export class RowGroups {
  readonly #fields: readonly string[];
  readonly #stratum: string | null;
  readonly #index = new DigestIndex();
  readonly #joined = new UnionFind();
  readonly #groupOfRow = new GrowingArray((length) => new Int32Array(length));
  readonly #strata = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #stratumOf = new GrowingArray((length) => new Int32Array(length));
  readonly #numberInStratum = new GrowingArray((length) => new Int32Array(length));
  readonly #sizes: number[] = [];

  constructor(options: RowGroupOptions = {}) {
    this.#fields = options.groupBy ?? DIALOGUE_FIELDS;
    this.#stratum = options.stratify ?? null;
  }

  /** Number of rows. */
  get rows(): number {
    return this.#groupOfRow.size;
  }

  /** Takes a row; the first one is row 0. */
  add(row: Row): void {
    this.addTo(groupDigests(row, this.#fields), this.#stratum === null ? "" : fieldText(row, this.#stratum));
  }

  /**
   * Takes a row by what is asked of it.
   * @param digests of its groups, as `groupDigests` gives them
   * @param stratum the value of the field of strata; of no meaning without one
   */
  addTo(digests: readonly Uint32Array[], stratum = ""): void {
    const [first, ...others] = digests.map((digest) => this.#number(digest, stratum));
    for (const other of others) this.#joined.join(first, other);
    this.#groupOfRow.push(first);
  }

  /** Whether two rows name the same group by the first of the fields they have. */
  isTogether(row: number, other: number): boolean {
    return this.#groupOfRow.values[row] === this.#groupOfRow.values[other];
  }

  /** Has the groups of two rows share a split. */
  join(row: number, other: number): void {
    this.#joined.join(this.#groupOfRow.values[row], this.#groupOfRow.values[other]);
  }

  /**
   * The split of every row, as an index into {@link SPLITS}.
   *
   * In a set so small that a split with a weight would be left empty, it is given the smallest group of the split that exceeds its
   * share the most; such a group returns when the set grows.
   *
   * @param seed any safe integer
   * @param isLeftOut rows that do not count, such as copies that were set aside
   */
  assign(weights: SplitWeights, seed: number, isLeftOut: (row: number) => boolean = () => false): Uint8Array {
    const groups = this.#index.size;
    const sizes = new Int32Array(groups);
    const groupOfRow = this.#groupOfRow.values;
    for (let row = 0; row < this.rows; row++)
      if (!isLeftOut(row)) sizes[this.#joined.find(groupOfRow[row])] += 1;
    const splits = new Uint8Array(groups);
    for (let group = 0; group < groups; group++) {
      if (sizes[group] > 0) splits[group] = splitAt(this.#draw(group, seed), weights);
    }
    fillEmpty(splits, sizes, weights, (group) => this.#draw(group, seed));
    const splitOf = new Uint8Array(this.rows);
    for (let row = 0; row < this.rows; row++) splitOf[row] = splits[this.#joined.find(groupOfRow[row])];
    return splitOf;
  }

  #number(digest: Uint32Array, name: string): number {
    const known = this.#index.size;
    const group = this.#index.add(digest);
    if (group < known) return group;
    this.#joined.add();
    if (this.#stratum === null) return group;
    const stratum = this.#strata.get(name) ?? this.#strata.size;
    if (stratum === this.#strata.size) {
      this.#strata.set(name, stratum);
      this.#names.push(name);
      this.#sizes.push(0);
    }
    this.#stratumOf.push(stratum);
    this.#numberInStratum.push(this.#sizes[stratum]++);
    return group;
  }

  /** Uniform in [0, 1), of a group by its digest or by its place in its stratum. */
  #draw(group: number, seed: number): number {
    if (this.#stratum === null) return draw(String(seed), this.#index.digest(group).join(","));
    const stratum = this.#stratumOf.values[group];
    return (
      (draw(String(seed), "stratum", this.#names[stratum]) + this.#numberInStratum.values[group] * GOLDEN) % 1
    );
  }
}

function draw(...parts: readonly string[]): number {
  const [high, low] = digest128(...parts);
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53; // 53 bits, exact in a double
}

/** The split whose share of [0, 1) a number lies in. */
function splitAt(point: number, weights: SplitWeights): number {
  const sum = SPLITS.reduce((total, split) => total + weights[split], 0);
  let end = 0;
  let last = 0;
  for (const [split, name] of SPLITS.entries()) {
    if (weights[name] === 0) continue;
    last = split;
    end += weights[name] / sum;
    if (point < end) return split;
  }
  return last; // the shares add up to a little less than 1
}

function fillEmpty(
  splits: Uint8Array,
  sizes: Int32Array,
  weights: SplitWeights,
  drawOf: (group: number) => number,
): void {
  const groups = SPLITS.map(() => 0);
  const rows = SPLITS.map(() => 0);
  for (const [group, split] of splits.entries()) {
    if (sizes[group] === 0) continue;
    groups[split] += 1;
    rows[split] += sizes[group];
  }
  const total = rows.reduce((sum, count) => sum + count, 0);
  const weightSum = SPLITS.reduce((sum, name) => sum + weights[name], 0);
  for (const [split, name] of SPLITS.entries()) {
    if (weights[name] === 0 || groups[split] > 0) continue;
    const excess = (other: number): number => rows[other] - (total * weights[SPLITS[other]]) / weightSum;
    const donor = SPLITS.map((_, other) => other)
      .filter((other) => groups[other] > 1)
      .sort((left, right) => excess(right) - excess(left))[0];
    if (donor === undefined) continue;
    let smallest = -1;
    for (const [group, at] of splits.entries()) {
      if (at !== donor || sizes[group] === 0) continue;
      const isSmaller =
        smallest === -1 ||
        sizes[group] < sizes[smallest] ||
        (sizes[group] === sizes[smallest] && drawOf(group) < drawOf(smallest));
      if (isSmaller) smallest = group;
    }
    splits[smallest] = split;
    groups[donor] -= 1;
    groups[split] += 1;
    rows[donor] -= sizes[smallest];
    rows[split] += sizes[smallest];
  }
}
