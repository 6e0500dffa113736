import { join } from "node:path";
import { FileError, type Phrase, phrase, writeJson } from "@lathe/files";
import { NEAR_FILES, NearDuplicates } from "../near/near-duplicates.js";
import type { PersonalDataKind } from "../personal-data/kinds.js";
import { LineWriter } from "./line-writer.js";
import { rejectionExample, rejectionLine } from "./rejection.js";
import { LEDGER_FILES, type LedgerNames, RowLedger } from "./row-ledger.js";
import { comparedKind, comparedText } from "../near/compared-text.js";
import { OptionError } from "../option-error.js";
import type { DataRecord, ReadOptions } from "../read/data-record.js";
import { parseRow } from "../rows/parse-row.js";
import { nameOf, type PrepareInput, PROGRESS_ROWS, type ResolvedPrepareOptions } from "./prepare-options.js";
import { recordsOfNamedFile } from "../read/named-file.js";
import { recordsOfRows } from "../read/records-of-rows.js";
import { readRecords } from "../read/read-records.js";
import { RejectedRowsError } from "./rejected-rows-error.js";
import { RowEncoder } from "./row-encoder.js";
import { type RejectedOutcome, type TakenRow, TakenRows } from "./taken-rows.js";
import { RowCleaner, type CleaningExample } from "../clean/row-cleaner.js";
import { renameKeys } from "../rows/rename-keys.js";
import { RowError } from "../rows/row-error.js";
import type { RowPlace } from "../read/row-place.js";
import { serializeRow } from "../rows/serialize-row.js";
import type { TokenFileMetadata } from "../token-files/token-row.js";
import type { SplitName } from "../split/split-weights.js";
import { OverlongRowError } from "../tokenize/overlong-row-error.js";
import { type RowTokens, rowTokensError } from "../tokenize/row-tokens.js";
import { UnscoredRowError } from "../tokenize/unscored-row-error.js";
import { TokenSpill } from "../token-files/token-spill.js";

/**
 * Reasons for setting a row aside besides the steps of cleaning: no readable record, no usable row, no scored token, none within
 * the limit, a near copy of an earlier row.
 */
export const REJECTION_RULES = [
  "malformed",
  "invalid",
  "unscored",
  "too-many-tokens",
  "near-duplicate",
] as const;

/** Name of a reason for setting a row aside besides the steps of cleaning. */
export type RejectionRuleName = (typeof REJECTION_RULES)[number];

/** Sums over the tokenised rows. */
export interface TokenCounts {
  readonly tokens: number;
  readonly scoredTokens: number;
  /** Rows of which something was cut off. */
  readonly truncatedRows: number;
  /** Rows that were split into several because they were too long. */
  readonly splitRows: number;
  /** Replies that are not scored, because the chat template rewrites them once other turns follow. */
  readonly unlabelledTurns: number;
  /** Replies of each split whose reasoning was kept, masked, emptied or left out, as the policy says. */
  readonly reasoningTurns: Readonly<Record<SplitName, number>>;
}

/** Intermediate files of the working folder: kept rows and their tokens, in the order of the input. */
export const KEPT_ROWS = "kept-rows.jsonl";
export const KEPT_TOKENS = "kept-tokens";

/** The intermediate file of rows that were set aside as they were read. */
export const REJECTED_ROWS = "rejected-rows.jsonl";

const SHOWN_REJECTIONS = 5; // in the message when there are too many

/** What reading the inputs came to, as JSON can hold it. */
export interface IntakeReport {
  readonly read: number;
  /** Rows that were spilt, those among them that may turn out to be near copies too. */
  readonly kept: number;
  /** Rows read of each input. */
  readonly rowsOfInput: readonly number[];
  /** Names of the steps of cleaning, in the order in which they ran. */
  readonly steps: readonly string[];
  /** Rows changed or set aside, by step or reason. */
  readonly rules: Readonly<Record<string, number>>;
  readonly examples: Readonly<Record<string, readonly CleaningExample[]>>;
  readonly personalData: Readonly<Record<PersonalDataKind, number>>;
  readonly names: LedgerNames;
}

/** Where what was read goes. */
interface Spills {
  readonly keptRows: LineWriter;
  readonly rejectedRows: LineWriter;
  /** Null without a tokenizer. */
  readonly tokens: TokenSpill | null;
}

/** The stage that reads, cleans and tokenises rows, and spills those that are kept. */
export class Intake {
  read = 0;
  kept = 0;
  invalid = 0;
  readonly #rowsOfInput: number[] = [];
  readonly #cleaner: RowCleaner;
  readonly #ledger: RowLedger;
  readonly #near: NearDuplicates | null;
  readonly #rejections: Record<RejectionRuleName, number> = {
    malformed: 0,
    invalid: 0,
    unscored: 0,
    "too-many-tokens": 0,
    "near-duplicate": 0,
  };
  readonly #examples: Record<RejectionRuleName, CleaningExample[]> = {
    malformed: [],
    invalid: [],
    unscored: [],
    "too-many-tokens": [],
    "near-duplicate": [],
  };
  readonly #firstInvalid: (RowPlace & { reason: string | Phrase })[] = [];
  #bytes = 0;
  /** Rows of files that lie in a folder and hold no row at all, such as a table of labels: nobody said that they are rows. */
  #foreign = 0;

  constructor(
    readonly options: ResolvedPrepareOptions,
    readonly folder: string,
    readonly totalBytes: number,
  ) {
    this.#cleaner = new RowCleaner(options.cleaning);
    const taken = this.#cleaner.steps.find(isRejectionRule);
    if (taken !== undefined)
      throw new OptionError("cleaning.steps", "a name of its own for a step of one's own", taken);
    this.#ledger = new RowLedger(folder, options);
    this.#near = options.nearDuplicates === null ? null : new NearDuplicates(folder, options.nearDuplicates);
  }

  /** Files that the stage makes. */
  static files(options: ResolvedPrepareOptions): readonly string[] {
    return [
      KEPT_ROWS,
      REJECTED_ROWS,
      ...LEDGER_FILES,
      ...(options.nearDuplicates === null ? [] : NEAR_FILES),
      ...(options.tokenizer === null ? [] : [KEPT_TOKENS]),
    ];
  }

  /** Reads all inputs, and brings what was spilt to the disk. */
  async run(): Promise<IntakeReport> {
    const { tokenizer, rejectLimit, inputs } = this.options;
    const keptRows = await LineWriter.create(join(this.folder, KEPT_ROWS));
    const rejectedRows = await LineWriter.create(join(this.folder, REJECTED_ROWS));
    const tokens = tokenizer === null ? null : new TokenSpill(join(this.folder, KEPT_TOKENS));
    try {
      if (this.#cleaner.needsSurvey) await this.#survey();
      await this.#readAll({ keptRows, rejectedRows, tokens });
      await keptRows.close();
      await rejectedRows.close();
      tokens?.save();
      this.#near?.save();
    } catch (error) {
      this.#ledger.close();
      throw error;
    } finally {
      this.#near?.close();
      tokens?.close();
      await keptRows.abandon();
      await rejectedRows.abandon();
    }
    const names = this.#ledger.save();
    const { counts, examples, personalData } = this.#cleaner.report();
    const rules = { ...counts, ...this.#rejections };
    const isForeign = this.#foreign > 0 && this.#foreign === this.read;
    if (isForeign || this.invalid - this.#foreign > rejectLimit * (this.read - this.#foreign)) {
      throw new RejectedRowsError(this.read, this.invalid, rejectLimit, this.#firstInvalid);
    }
    if (this.kept === 0) {
      const reasons = Object.entries(rules).filter(([, count]) => count > 0);
      const shown = reasons.map(([rule, count]) => `${rule} ${count}`).join(", ");
      throw new FileError(
        inputs.map(nameOf).join(", "),
        phrase`leaves no row to keep: ${this.read} read, all set aside (${shown})`,
      );
    }
    return {
      read: this.read,
      kept: this.kept,
      rowsOfInput: this.#rowsOfInput,
      steps: this.#cleaner.steps,
      rules,
      examples: { ...examples, ...this.#examples },
      personalData,
      names,
    };
  }

  /** Shows every usable row to the cleaner before it cleans the first one; the inputs are read twice then. */
  async #survey(): Promise<void> {
    const { inputs, columns, signal } = this.options;
    for (const input of inputs) {
      if (typeof input !== "string" && "rows" in input && isReadOnce(input.rows)) {
        throw new OptionError(
          "inputs",
          "rows that can be read twice, as the step boilerplate needs",
          input.name,
        );
      }
      for await (const record of recordsOf(input)) {
        signal?.throwIfAborted();
        if ("error" in record) continue;
        try {
          this.#cleaner.survey(parseRow(renameKeys(record.value, columns, record)), record);
        } catch (error) {
          if (!(error instanceof RowError)) throw error; // set aside when it is cleaned
        }
      }
    }
  }

  /** Works through the inputs, and spills every kept row with its tokens. */
  async #readAll(spills: Spills): Promise<void> {
    const { tokenizer, inputs, signal } = this.options;
    const onBytes = (bytes: number): void => void (this.#bytes += bytes);
    const encoder = tokenizer === null ? null : new RowEncoder(tokenizer, this.options, () => this.#bytes);
    const rows = new TakenRows(encoder, (taken, tokens) => this.#settle(taken, tokens, spills));
    try {
      for (const input of inputs) {
        const before = this.read;
        let unusable = 0;
        for await (const record of recordsOf(input, { onBytes })) {
          signal?.throwIfAborted();
          this.read += 1;
          const taken = this.#take(record);
          if ("rule" in taken.outcome && ["malformed", "invalid"].includes(taken.outcome.rule)) unusable += 1;
          await rows.add(taken);
          if (this.read % PROGRESS_ROWS === 0) this.#report();
        }
        if (this.read === before) throw new FileError(nameOf(input), "holds no rows");
        this.#rowsOfInput.push(this.read - before);
        const isFound = typeof input === "string" && this.options.foundFiles.has(input);
        if (isFound && unusable === this.read - before) this.#foreign += unusable;
      }
      await rows.finish();
      signal?.throwIfAborted();
      this.#report();
    } finally {
      await encoder?.close();
    }
  }

  /** Parses and cleans a record. */
  #take(record: DataRecord): TakenRow {
    const place: RowPlace = { file: record.file, line: record.line };
    if ("error" in record)
      return { place, source: record.text, outcome: { rule: "malformed", reason: record.error } };
    const source = record.value;
    try {
      const row = parseRow(renameKeys(source, this.options.columns, place), place);
      const cleaned = this.#cleaner.clean(row, place);
      if ("rule" in cleaned) return { place, source, outcome: cleaned };
      return {
        place,
        source,
        outcome: { row: cleaned.row, line: writeJson(serializeRow(cleaned.row)) },
      };
    } catch (error) {
      return { place, source, outcome: this.#rejection(error, place) };
    }
  }

  /** Spills a row, or sets it aside. @param tokens null without a tokenizer, and of a row that is set aside already */
  async #settle(
    { place, source, outcome }: TakenRow,
    tokens: RowTokens | null,
    spills: Spills,
  ): Promise<void> {
    if ("rule" in outcome) return this.#reject(outcome, source, place, spills);
    if (tokens !== null && "fault" in tokens)
      return this.#reject(this.#rejection(rowTokensError(tokens.fault), place), source, place, spills);
    await spills.keptRows.write(outcome.line);
    const row = this.kept;
    const made = tokens?.tokens ?? null;
    this.#ledger.add(outcome.row, made, place);
    this.kept += 1;
    this.#near?.add(comparedText(outcome.row), comparedKind(outcome.row));
    for (const part of made ?? []) spills.tokens?.append({ ...part, row });
  }

  async #reject(
    { rule, reason }: RejectedOutcome,
    shown: unknown,
    place: RowPlace,
    { rejectedRows }: Spills,
  ): Promise<void> {
    const source = this.#cleaner.hide(shown);
    this.#noteRejection(rule, reason, source, place);
    await rejectedRows.write(rejectionLine(source, reason, place));
  }

  /** Why a row is set aside. @throws what is no fault of the row, and a row that is too long where that is an error */
  #rejection(error: unknown, place: RowPlace): RejectedOutcome {
    if (error instanceof UnscoredRowError)
      return { rule: error.maxTokens === null ? "unscored" : "too-many-tokens", reason: error.reasonPhrase };
    if (error instanceof OverlongRowError) {
      if (this.options.overlong === "error") throw new OverlongRowError(error.tokens, error.maxTokens, place);
      return { rule: "too-many-tokens", reason: error.reasonPhrase };
    }
    if (error instanceof RowError) return { rule: "invalid", reason: error.reasonPhrase };
    throw error;
  }

  #noteRejection(rule: string, reason: string | Phrase, source: unknown, place: RowPlace): void {
    if (!isRejectionRule(rule)) return; // the cleaner counts its own
    this.#rejections[rule] += 1;
    if (this.#examples[rule].length < this.options.cleaning.examplesPerStep) {
      this.#examples[rule].push(rejectionExample(source, reason, place));
    }
    if (rule !== "malformed" && rule !== "invalid") return;
    this.invalid += 1;
    if (this.#firstInvalid.length < SHOWN_REJECTIONS) this.#firstInvalid.push({ ...place, reason });
  }

  #report(): void {
    const { totalBytes, read, kept } = this;
    this.options.onProgress({
      phase: "read",
      bytes: Math.min(this.#bytes, totalBytes),
      totalBytes,
      read,
      kept,
    });
  }
}

/** What the token files of a prepared folder say about their origin. */
export function tokenMetadata({
  tokenizerHashes,
  maxTokens,
  lossOn,
  reasoning,
}: ResolvedPrepareOptions): TokenFileMetadata {
  return { ...tokenizerHashes, maxTokens, lossOn, reasoning };
}

const recordsOf = (
  input: PrepareInput,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> =>
  typeof input === "string"
    ? readRecords(input, options)
    : "file" in input
      ? recordsOfNamedFile(input, options)
      : recordsOfRows(input);

/** Whether rows are their own iterator, as those of a generator are, which gives them once. */
function isReadOnce(rows: Iterable<unknown> | AsyncIterable<unknown>): boolean {
  return Symbol.asyncIterator in rows
    ? (rows[Symbol.asyncIterator]() as unknown) === rows
    : (rows[Symbol.iterator]() as unknown) === rows;
}

function isRejectionRule(rule: string): rule is RejectionRuleName {
  return (REJECTION_RULES as readonly string[]).includes(rule);
}
