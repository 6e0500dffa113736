import { join } from "node:path";
import type { RowPlace } from "../read/row-place.js";
import type { Row } from "../rows/row.js";
import { RecordFile } from "../spill/record-file.js";
import { fieldText, groupDigests } from "../split/group-digests.js";
import { RowGroups } from "../split/row-groups.js";
import type { TokenizedRow } from "../tokenize/tokenize-row.js";
import { Contradictions, questionOf } from "./contradictions.js";
import type { ResolvedPrepareOptions } from "./prepare-options.js";

const PLACES_FILE = "row-places";
const GROUPS_FILE = "row-groups";
const QUESTIONS_FILE = "row-questions";
const TOKENS_FILE = "row-tokens";

/** Files below the folder of a {@link RowLedger}. */
export const LEDGER_FILES: readonly string[] = [PLACES_FILE, GROUPS_FILE, QUESTIONS_FILE, TOKENS_FILE];

const DIGEST_WORDS = 4;

/** Names that the numbers in a ledger stand for. */
export interface LedgerNames {
  /** Files that rows come from, in the order of the rows. */
  readonly files: readonly string[];
  /** Values of the field of strata. */
  readonly strata: readonly string[];
}

/** What tokenising did to a row. */
export interface RowTokenCounts {
  readonly truncated: number;
  readonly unlabelledTurns: number;
  readonly reasoningTurns: number;
}

/**
 * What later stages ask of every kept row besides its text: where it comes from, which groups it belongs to, what it is asked and
 * answers, and what tokenising did. It lies in files of a folder, and none of it in memory.
 */
export class RowLedger {
  readonly #fields: readonly string[];
  readonly #stratify: string | null;
  readonly #places: RecordFile;
  readonly #groups: RecordFile;
  readonly #questions: RecordFile;
  readonly #tokens: RecordFile;
  readonly #files: string[];
  readonly #strata: Map<string, number>;

  /** @param saved the names of a ledger whose files are there, to read; null for a new one */
  constructor(
    folder: string,
    { groupBy, stratify }: Pick<ResolvedPrepareOptions, "groupBy" | "stratify">,
    saved: LedgerNames | null = null,
  ) {
    this.#fields = groupBy;
    this.#stratify = stratify;
    const open = (name: string, words: number): RecordFile =>
      new RecordFile(join(folder, name), words, saved !== null);
    this.#places = open(PLACES_FILE, 2);
    this.#groups = open(GROUPS_FILE, 2 + groupBy.length * DIGEST_WORDS);
    this.#questions = open(QUESTIONS_FILE, 2 + DIGEST_WORDS);
    this.#tokens = open(TOKENS_FILE, 3);
    this.#files = [...(saved?.files ?? [])];
    this.#strata = new Map(saved?.strata.map((name, index) => [name, index]));
  }

  /** Number of rows. */
  get rows(): number {
    return this.#places.size;
  }

  /** Takes the next row, with its tokens where there are any. */
  add(row: Row, tokens: readonly TokenizedRow[] | null, { file, line }: RowPlace): void {
    if (this.#files.at(-1) !== file) this.#files.push(file);
    this.#places.append([this.#files.length - 1, line]);
    const digests = groupDigests(row, this.#fields);
    this.#groups.append([this.#stratumOf(row), digests.length, ...digests.flatMap((digest) => [...digest])]);
    const question = questionOf(row);
    this.#questions.append(question === null ? [0] : [1, question.answer, ...question.asked]);
    const sum = (count: (part: TokenizedRow) => number): number =>
      (tokens ?? []).reduce((total, part) => total + count(part), 0);
    this.#tokens.append([
      Math.min(
        1,
        sum(({ truncated }) => Number(truncated)),
      ),
      sum(({ unlabelledTurns }) => unlabelledTurns),
      sum(({ reasoningTurns }) => reasoningTurns),
    ]);
  }

  /** Where a row comes from. */
  placeOf(row: number): RowPlace {
    const [file, line] = this.#places.at(row);
    return { file: this.#files[file], line };
  }

  /** Whether two rows name the same group by the first of the fields they have. */
  isTogether(row: number, other: number): boolean {
    const first = this.#groups.at(row).slice(2, 2 + DIGEST_WORDS);
    return this.#groups
      .at(other)
      .subarray(2)
      .every((word, at) => at >= DIGEST_WORDS || word === first[at]);
  }

  /** The groups of all rows. */
  groups(): RowGroups {
    const groups = new RowGroups({ groupBy: this.#fields, stratify: this.#stratify });
    const names = [...this.#strata.keys()];
    for (let row = 0; row < this.rows; row++) {
      const [stratum, count, ...words] = this.#groups.at(row);
      const digests = Array.from({ length: count }, (_, at) =>
        Uint32Array.from(words.slice(at * DIGEST_WORDS, (at + 1) * DIGEST_WORDS)),
      );
      groups.addTo(digests, names[stratum]);
    }
    return groups;
  }

  /** What all rows are asked and answer. */
  contradictions(): Contradictions {
    const found = new Contradictions();
    for (let row = 0; row < this.rows; row++) {
      const [isAsked, answer, ...asked] = this.#questions.at(row);
      found.add(isAsked === 0 ? null : { asked: Uint32Array.from(asked), answer });
    }
    return found;
  }

  /** What tokenising did to a row; nothing where it was not tokenised. */
  tokensOf(row: number): RowTokenCounts {
    const [truncated, unlabelledTurns, reasoningTurns] = this.#tokens.at(row);
    return { truncated, unlabelledTurns, reasoningTurns };
  }

  /** Brings all of it to the disk and closes the files. @returns what another ledger needs to read them */
  save(): LedgerNames {
    for (const file of this.#all()) file.save();
    this.close();
    return { files: this.#files, strata: [...this.#strata.keys()] };
  }

  /** Closes the files. */
  close(): void {
    for (const file of this.#all()) file.close();
  }

  #all(): readonly RecordFile[] {
    return [this.#places, this.#groups, this.#questions, this.#tokens];
  }

  #stratumOf(row: Row): number {
    if (this.#stratify === null) return 0;
    const name = fieldText(row, this.#stratify);
    const stratum = this.#strata.get(name) ?? this.#strata.size;
    this.#strata.set(name, stratum);
    return stratum;
  }
}
