import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { FileError, hashFile, isRecord, phrase, statIfThere } from "@lathe/files";
import { askedText, comparedText } from "../near/compared-text.js";
import { NEAR_DUPLICATE_THRESHOLD, NearDuplicates } from "../near/near-duplicates.js";
import { readManifestOutputs } from "../prepare/read-manifest.js";
import { expandInputs } from "../read/expand-inputs.js";
import { readRecords } from "../read/read-records.js";
import type { RowPlace } from "../read/row-place.js";
import { parseRow } from "../rows/parse-row.js";
import { readRows } from "../rows/read-rows.js";
import { RowError } from "../rows/row-error.js";
import { SPLITS, type SplitName } from "../split/split-weights.js";

/** What {@link findLeaks} compares. */
export interface FindLeaksOptions {
  /** Folder with `train.jsonl`, `test.jsonl` and, as a rule, `validation.jsonl`, such as prepare writes. */
  readonly folder: string;
  /** Files of rows that would be trained on as well. @defaultValue none */
  readonly add?: readonly string[];
  /** Files of other benchmarks, whose rows, or the questions alone, must not be trained on. @defaultValue none */
  readonly against?: readonly string[];
  /** Least Jaccard similarity (of the sets of character 5-grams) that is a leak. @defaultValue {@link NEAR_DUPLICATE_THRESHOLD} */
  readonly threshold?: number;
  /** Stops the work. */
  readonly signal?: AbortSignal;
}

/** A row of a leak: where it is, and the beginning of its text. */
export interface LeakedRow extends RowPlace {
  readonly text: string;
}

/** A row that is scored on, and the most similar row that is learnt from, or chosen by. */
export interface Leak {
  /** Of `test.jsonl`, of `validation.jsonl` or of a benchmark. */
  readonly test: LeakedRow;
  /** Of `train.jsonl`, of an added file or, beside a row of the test split, of `validation.jsonl`. */
  readonly train: LeakedRow;
  /** Jaccard similarity, 0 to 1. */
  readonly similarity: number;
}

/** What {@link findLeaks} found. */
export interface LeakReport {
  /** In the order of the rows scored on. */
  readonly leaks: readonly Leak[];
  /** Rows compared, of each split, of added files and of benchmarks. */
  readonly rows: Readonly<Record<SplitName | "added" | "benchmarks", number>>;
  /** Files of the folder that are not what prepare wrote, by the hashes of its manifest. */
  readonly changed: readonly string[];
}

/** Rows that a scored row is compared with; in a cluster of thousands any of them is a leak to be shown. */
const MOST_COMPARED = 1000;
const SHOWN_CHARACTERS = 120;

/** What rows are for: those of a higher rank must not be like those of a lower one. */
const RANKS = { train: 0, added: 0, validation: 1, test: 2, benchmarks: 2 } as const;
type Role = keyof typeof RANKS;
const ROLES = Object.keys(RANKS) as readonly Role[];

/**
 * Finds rows to be scored on that have a near copy among rows to be learnt from: of the test split in train and validation, of the
 * validation split in train, of benchmarks in all that is trained on. Rows of benchmarks are compared by their questions as well, for
 * their answers may be put otherwise.
 *
 * @throws FileError when the folder has no `train.jsonl` or `test.jsonl`, or a file cannot be read
 * @throws RowError for a row that is malformed
 * @throws OptionError for a threshold that is no share
 */
export async function findLeaks(options: FindLeaksOptions): Promise<LeakReport> {
  const { folder, add = [], against = [], threshold = NEAR_DUPLICATE_THRESHOLD } = options;
  const splits = await splitFiles(folder);
  const benchmarks = await expandInputs(against);
  const spill = await mkdtemp(join(tmpdir(), "lathe-leaks-"));
  try {
    const whole = await Comparison.create(join(spill, "whole"), threshold);
    const asked = benchmarks.length === 0 ? null : await Comparison.create(join(spill, "asked"), threshold);
    try {
      const rows = { train: 0, validation: 0, test: 0, added: 0, benchmarks: 0 };
      const files = [
        ...splits,
        ...(await expandInputs(add)).map((file) => ({ file, role: "added" as const })),
        ...benchmarks.map((file) => ({ file, role: "benchmarks" as const })),
      ];
      for (const { file, role } of files) {
        for await (const { texts, place } of textsOf(file, role)) {
          options.signal?.throwIfAborted();
          rows[role] += 1;
          whole.add(texts.all, role, place);
          // Within the data questions repeat, as greetings do; only to those of a benchmark must there be none alike.
          if (asked !== null && role !== "test" && texts.asked !== "") asked.add(texts.asked, role, place);
        }
      }
      const leaks = whole.leaks();
      const ofQuestions = (asked?.leaks() ?? []).filter(({ test }) => benchmarks.includes(test.file));
      return { leaks: mostSimilar([...leaks, ...ofQuestions]), rows, changed: await changedFiles(folder) };
    } finally {
      await whole.remove();
      await asked?.remove();
    }
  } finally {
    await rm(spill, { recursive: true, force: true });
  }
}

/** Texts with the place and role of each. */
class Comparison {
  readonly #files: string[] = [];
  readonly #places: { file: number; line: number; role: number }[] = [];

  private constructor(readonly near: NearDuplicates) {}

  static async create(folder: string, threshold: number): Promise<Comparison> {
    return new Comparison(new NearDuplicates(await mkdtemp(folder), threshold));
  }

  add(text: string, role: Role, { file, line }: RowPlace): void {
    if (this.#files.at(-1) !== file) this.#files.push(file);
    this.#places.push({ file: this.#files.length - 1, line, role: ROLES.indexOf(role) });
    this.near.add(text);
  }

  leaks(): Leak[] {
    const { clusterOf } = this.near.find();
    const members = new Map<number, number[]>();
    for (const [row, cluster] of clusterOf.entries()) {
      if (cluster === row) continue;
      const others = members.get(cluster);
      if (others === undefined) members.set(cluster, [cluster, row]);
      else others.push(row);
    }
    const leaks: Leak[] = [];
    for (const rows of members.values()) {
      for (const row of rows) {
        const leak = this.#leakOf(row, rows);
        if (leak !== null) leaks.push(leak);
      }
    }
    return leaks;
  }

  remove(): Promise<void> {
    return this.near.remove();
  }

  #leakOf(row: number, cluster: readonly number[]): Leak | null {
    let closest = -1;
    let similarity = this.near.threshold;
    let compared = 0;
    for (const other of cluster) {
      if (this.#rank(other) >= this.#rank(row)) continue;
      const found = this.near.similarity(row, other);
      if (closest === -1 ? found >= similarity : found > similarity) {
        closest = other;
        similarity = found;
      }
      if (similarity === 1 && closest !== -1) break;
      if (++compared === MOST_COMPARED && closest !== -1) break;
    }
    return closest === -1 ? null : { test: this.#shown(row), train: this.#shown(closest), similarity };
  }

  #rank(row: number): number {
    return RANKS[ROLES[this.#places[row].role]];
  }

  #shown(row: number): LeakedRow {
    const { file, line } = this.#places[row];
    const text = this.near.text(row);
    const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
    return { file: this.#files[file], line, text: shown };
  }
}

/** Of the leaks of one scored row the most similar; ordered by file and line. */
function mostSimilar(leaks: readonly Leak[]): Leak[] {
  const best = new Map<string, Leak>();
  for (const leak of leaks) {
    const key = JSON.stringify([leak.test.file, leak.test.line]);
    const known = best.get(key);
    if (known === undefined || leak.similarity > known.similarity) best.set(key, leak);
  }
  const files = [...new Set(leaks.map(({ test }) => test.file))].sort();
  return [...best.values()].sort(
    (left, right) =>
      files.indexOf(left.test.file) - files.indexOf(right.test.file) || left.test.line - right.test.line,
  );
}

async function splitFiles(folder: string): Promise<{ file: string; role: SplitName }[]> {
  const files: { file: string; role: SplitName }[] = [];
  for (const role of SPLITS) {
    const file = join(folder, `${role}.jsonl`);
    if ((await statIfThere(file)) !== null) files.push({ file, role });
    else if (role !== "validation") {
      throw new FileError(folder, phrase`has no ${role}.jsonl; name a folder that prepare wrote`);
    }
  }
  return files;
}

/** Files that the manifest names and whose bytes are others now. */
async function changedFiles(folder: string): Promise<string[]> {
  const changed: string[] = [];
  for (const [name, entry] of Object.entries((await readManifestOutputs(folder)) ?? {})) {
    const path = join(folder, basename(name));
    if (!isRecord(entry) || typeof entry.sha256 !== "string" || (await statIfThere(path)) === null) continue;
    if ((await hashFile(path)).sha256 !== entry.sha256) changed.push(path);
  }
  return changed;
}

async function* textsOf(
  file: string,
  role: Role,
): AsyncGenerator<{ texts: { all: string; asked: string }; place: RowPlace }, void, undefined> {
  if (role !== "added" && role !== "benchmarks") {
    for await (const { row, ...place } of readRows(file)) {
      yield { texts: { all: comparedText(row), asked: askedText(row) }, place };
    }
    return;
  }
  for await (const record of readRecords(file)) {
    const place: RowPlace = { file: record.file, line: record.line };
    if ("error" in record) throw new RowError(null, record.error, place);
    yield { texts: textsOfValue(record.value), place };
  }
}

/** Of a benchmark's row of no shape that could be learnt from, all its texts. */
function textsOfValue(value: unknown): { all: string; asked: string } {
  try {
    const row = parseRow(value);
    return { all: comparedText(row), asked: askedText(row) };
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    const texts = [...textsWithin(value)];
    return { all: texts.join("\n"), asked: texts[0] ?? "" };
  }
}

function* textsWithin(value: unknown): Generator<string, void, undefined> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) {
    for (const child of Object.values(value)) yield* textsWithin(child);
  }
}
