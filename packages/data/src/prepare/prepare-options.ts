import { stat } from "node:fs/promises";
import { asFileError, FileError } from "@lathe/files";
import {
  resolveCleaningOptions,
  type CleaningOptions,
  type ResolvedCleaningOptions,
} from "../clean/cleaning-options.js";
import { NEAR_DUPLICATE_THRESHOLD } from "../near/near-duplicates.js";
import { DIALOGUE_FIELDS } from "../split/group-digests.js";
import { expandInputs } from "../read/expand-inputs.js";
import { checkInteger, checkShare, OptionError } from "../option-error.js";
import type { LossTurns } from "../tokenize/learnt-turns.js";
import type { OverlongPolicy } from "../tokenize/overlong.js";
import type { ReasoningPolicy } from "../tokenize/reasoning.js";
import type { RowTokenizer } from "../tokenize/row-tokenizer.js";
import type { TokenizerSource } from "../tokenize/token-threads.js";
import { resolveWeights } from "../split/split-rows.js";
import type { NamedFile } from "../read/named-file.js";
import type { NamedRows } from "../read/records-of-rows.js";
import type { SplitWeights } from "../split/split-weights.js";

/** How far {@link prepare} is. */
export type PrepareProgress =
  | {
      readonly phase: "read";
      /** Bytes consumed of all input files, and their total; rows in memory count none. */
      readonly bytes: number;
      readonly totalBytes: number;
      readonly read: number;
      readonly kept: number;
    }
  | { readonly phase: "write"; readonly written: number; readonly kept: number };

/** Where rows come from: the path of a file, a file under another name, or rows in memory under a name. */
export type PrepareInput = string | NamedFile | NamedRows;

/** What {@link prepare} does with which rows. */
export interface PrepareOptions {
  /** Files to read, one after the other, of any format of `readRecords`, folders and patterns of them, files under other names, and rows in memory. */
  readonly inputs: readonly PrepareInput[];
  /** Folder to write. */
  readonly output: string;
  /** Weights of train, validation and test. @defaultValue "7:1:2" */
  readonly split?: string | SplitWeights;
  /** Chooses among the possible splits. @defaultValue 0 */
  readonly seed?: number;
  /** Limits of the cleaning rules, and rules to leave out. */
  readonly cleaning?: CleaningOptions;
  /**
   * Fields whose rows of one value share a split, such as `customer`, besides those that name a dialogue, {@link DIALOGUE_FIELDS}.
   * @defaultValue none
   */
  readonly groupBy?: readonly string[];
  /** Field whose every value is split by the weights. @defaultValue none */
  readonly stratify?: string;
  /**
   * Least Jaccard similarity (of the sets of character 5-grams) at which two rows are near copies, above 0 and up to 1, or "off".
   * @defaultValue {@link NEAR_DUPLICATE_THRESHOLD}
   */
  readonly nearDuplicates?: number | "off";
  /** Whether near copies stay, all in one split, rather than being set aside. @defaultValue false */
  readonly keepNearDuplicates?: boolean;
  /** Columns to learn from, by the key they stand for, e.g. `{ input: "question", output: "answer" }`. @defaultValue none */
  readonly map?: Readonly<Record<string, string>>;
  /** With a tokenizer the splits are also written as token files. */
  readonly tokenizer?: RowTokenizer;
  /** Hashes of tokenizer and chat template, to be stored with the tokens. */
  readonly tokenizerHashes?: { readonly tokenizerHash: string | null; readonly templateHash: string | null };
  /** Where threads get the same tokenizer, to tokenise files of rows beside reading and cleaning them. @defaultValue none: no threads */
  readonly tokenizerSource?: TokenizerSource;
  /** Threads that tokenise. @defaultValue one for every core but this thread's, 2 at most, behind the first 4 MB */
  readonly tokenizerThreads?: number;
  /** Longest row in tokens. @defaultValue no limit */
  readonly maxTokens?: number;
  /** What becomes of a longer row. @defaultValue "cut-right": its end is cut off */
  readonly overlong?: OverlongPolicy;
  /** Which replies of a dialogue are learnt. @defaultValue "all" */
  readonly lossOn?: LossTurns;
  /** What becomes of the reasoning of replies in the tokens; the rows themselves keep it. @defaultValue "keep" */
  readonly reasoning?: ReasoningPolicy;
  /** Share of malformed and unusable rows, 0 to 1, beyond which nothing is written. Rows that cleaning rejects do not count. @defaultValue 0.05 */
  readonly rejectLimit?: number;
  /** Whether a folder that prepare made may be replaced. @defaultValue false */
  readonly overwrite?: boolean;
  /**
   * Whether to go on from where a run of the same inputs and settings into the same folder was interrupted; where there is none, or
   * nothing of it was finished, it begins anew. Steps that are functions count as the same by their names.
   * @defaultValue false: what such a run left goes
   */
  readonly resume?: boolean;
  /** Hears of bytes read and rows tokenised. */
  readonly onProgress?: (progress: PrepareProgress) => void;
  /** Stops the work; nothing is written then, and what was finished stays for `resume`. */
  readonly signal?: AbortSignal;
}

/** Rows between two reports of progress. */
export const PROGRESS_ROWS = 1000;

/** {@link PrepareOptions} that were checked, every default filled in. */
export interface ResolvedPrepareOptions {
  readonly inputs: readonly PrepareInput[];
  /** Those of the inputs that lie in a folder or match a pattern, and were not named. */
  readonly foundFiles: ReadonlySet<string>;
  readonly output: string;
  readonly split: SplitWeights;
  readonly seed: number;
  readonly cleaning: ResolvedCleaningOptions;
  /** Those of dialogues among them. */
  readonly groupBy: readonly string[];
  readonly stratify: string | null;
  readonly nearDuplicates: number | null;
  readonly keepNearDuplicates: boolean;
  /** Of columns the keys that they stand for. */
  readonly columns: ReadonlyMap<string, string>;
  readonly tokenizer: RowTokenizer | null;
  readonly tokenizerHashes: { readonly tokenizerHash: string | null; readonly templateHash: string | null };
  readonly tokenizerSource: TokenizerSource | null;
  readonly tokenizerThreads: number | null;
  readonly maxTokens: number | null;
  readonly overlong: OverlongPolicy;
  readonly lossOn: LossTurns;
  readonly reasoning: ReasoningPolicy;
  readonly rejectLimit: number;
  readonly overwrite: boolean;
  readonly resume: boolean;
  readonly onProgress: (progress: PrepareProgress) => void;
  readonly signal: AbortSignal | null;
}

/** Fills in the defaults and checks the values; throws {@link OptionError}. */
export function resolvePrepareOptions(options: PrepareOptions): ResolvedPrepareOptions {
  const { rejectLimit = 0.05, maxTokens, seed = 0, nearDuplicates = NEAR_DUPLICATE_THRESHOLD } = options;
  const { tokenizerSource, tokenizerThreads } = options;
  if (options.inputs.length === 0)
    throw new OptionError("inputs", "at least one file or list of rows", "none");
  if (options.output === "") throw new OptionError("output", "the path of a folder", "");
  if (typeof rejectLimit !== "number" || !(rejectLimit >= 0 && rejectLimit <= 1)) {
    throw new OptionError("rejectLimit", "a share from 0 to 1", rejectLimit);
  }
  return {
    inputs: options.inputs,
    foundFiles: new Set(),
    output: options.output,
    split: resolveWeights(options.split ?? "7:1:2"),
    seed: checkInteger("seed", seed, Number.MIN_SAFE_INTEGER),
    cleaning: resolveCleaningOptions(options.cleaning),
    groupBy: [...new Set([...DIALOGUE_FIELDS, ...(options.groupBy ?? [])])],
    stratify: options.stratify ?? null,
    nearDuplicates: nearDuplicates === "off" ? null : checkShare("nearDuplicates", nearDuplicates),
    keepNearDuplicates: options.keepNearDuplicates ?? false,
    columns: columnsOf(options.map ?? {}),
    tokenizer: options.tokenizer ?? null,
    tokenizerHashes: options.tokenizerHashes ?? { tokenizerHash: null, templateHash: null },
    tokenizerSource:
      filesOf(options.inputs).length < options.inputs.length ? null : (tokenizerSource ?? null),
    tokenizerThreads:
      tokenizerThreads === undefined ? null : checkInteger("tokenizerThreads", tokenizerThreads, 0),
    maxTokens: maxTokens === undefined ? null : checkInteger("maxTokens", maxTokens, 2),
    overlong: options.overlong ?? "cut-right",
    lossOn: options.lossOn ?? "all",
    reasoning: options.reasoning ?? "keep",
    rejectLimit,
    overwrite: options.overwrite ?? false,
    resume: options.resume ?? false,
    onProgress: options.onProgress ?? (() => undefined),
    signal: options.signal ?? null,
  };
}

/** Of columns the keys that they stand for. @throws OptionError where one column is to be two keys */
export function columnsOf(map: Readonly<Record<string, string>>): Map<string, string> {
  const columns = new Map<string, string>();
  for (const [key, column] of Object.entries(map)) {
    if (columns.has(column)) throw new OptionError("map", "a column for one key each", column);
    columns.set(column, key);
  }
  return columns;
}

/**
 * The inputs with the files that folders and patterns among them stand for, and which of them nobody named.
 * @throws FileError as {@link expandInputs} does
 */
export async function allInputs(
  given: readonly PrepareInput[],
): Promise<Pick<ResolvedPrepareOptions, "inputs" | "foundFiles">> {
  const inputs: PrepareInput[] = [];
  const foundFiles = new Set<string>();
  for (const input of given) {
    const files = typeof input === "string" ? await expandInputs([input]) : [input];
    inputs.push(...files);
    for (const file of files) if (typeof file === "string" && file !== input) foundFiles.add(file);
  }
  return { inputs, foundFiles };
}

/** Bytes of all input files; throws {@link FileError} for one that is missing, no file, or empty. */
export async function inputBytes(inputs: readonly PrepareInput[]): Promise<number> {
  let total = 0;
  for (const { name, file } of filesOf(inputs)) {
    const info = await stat(file).catch((error: unknown) => {
      throw asFileError(name, "read", error);
    });
    if (!info.isFile()) throw new FileError(name, "expected a file, got something that is none");
    if (info.size === 0) throw new FileError(name, "is empty");
    total += info.size;
  }
  return total;
}

/** The files among the inputs; one that was given by its path alone goes by it. */
export function filesOf(inputs: readonly PrepareInput[]): NamedFile[] {
  return inputs.flatMap((input) => {
    if (typeof input === "string") return [{ name: input, file: input }];
    return "file" in input ? [input] : [];
  });
}

/** What an input goes by. */
export const nameOf = (input: PrepareInput): string => (typeof input === "string" ? input : input.name);
