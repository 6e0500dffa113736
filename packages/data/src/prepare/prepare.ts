import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkWritable, hashFile, parseJson, readLines, recoverPlace, replaceFolder } from "@lathe/files";
import { describeCleaning } from "../clean/cleaning-options.js";
import { contradictionOf, type ContradictionReport } from "./contradictions.js";
import { parseRow } from "../rows/parse-row.js";
import { LineWriter, type WrittenFile } from "./line-writer.js";
import {
  Intake,
  KEPT_ROWS,
  KEPT_TOKENS,
  REJECTED_FILE,
  tokenMetadata,
  type TokenCounts,
} from "./prepare-intake.js";
import {
  allInputs,
  filesOf,
  inputBytes,
  PROGRESS_ROWS,
  resolvePrepareOptions,
  type PrepareOptions,
  type ResolvedPrepareOptions,
} from "./prepare-options.js";
import { MANIFEST_FILE, MANIFEST_FORMAT } from "./manifest-file.js";
import { checkOutputFolder } from "./prepared-folder.js";
import type { CleaningExample } from "../clean/row-cleaner.js";
import type { PersonalDataKind } from "../personal-data/kinds.js";
import { SPLITS, type SplitName } from "../split/split-weights.js";
import { TokenDataset } from "../token-files/token-dataset.js";
import { type TokenRowInput, writeTokenFile } from "../token-files/write-token-file.js";

/** What {@link prepare} did; the JSON form of it is the contract of the command line. */
export interface PrepareResult {
  /** Records found; `read = kept + rejected`. */
  readonly read: number;
  readonly kept: number;
  /** Rows set aside for any reason, each with a line in rejected.jsonl. */
  readonly rejected: number;
  /** Rows that each step of cleaning changed or rejected, by its name, and rows set aside for other reasons. */
  readonly rules: Readonly<Record<string, number>>;
  /** Personal data found, by kind, and masked unless another action was asked for. */
  readonly personalData: Readonly<Record<PersonalDataKind, number>>;
  /** Clusters of two and more rows that are near copies of each other; 0 where near copies are not looked for. */
  readonly clusters: number;
  /** Rows of each split. */
  readonly splits: Readonly<Record<SplitName, number>>;
  /** Some of these rows. */
  readonly examples: Readonly<Record<string, readonly CleaningExample[]>>;
  /** What tokenising did; null without a tokenizer. */
  readonly tokens: TokenCounts | null;
  /** Questions that kept rows answer in different ways; nothing is done about them. */
  readonly contradictions: ContradictionReport;
}

const MANIFEST_VERSION = 1;
const LEFT_OUT = 255; // no split

/**
 * Turns raw files of rows, or rows in memory, into a prepared folder: normalised, cleaned and split rows as `train.jsonl`,
 * `validation.jsonl` and `test.jsonl`, what was set aside and why as `rejected.jsonl`, and `manifest.json` with hashes of all files read and written;
 * with a tokenizer also `train.arrow`, `validation.arrow` and `test.arrow`, row for row those of the JSONL files.
 *
 * The rows are read once and kept rows are spilt to the disk until the split is known; memory holds some
 * hundred bytes a row. The folder is written beside its place and renamed, so a failure leaves nothing behind and nothing changed.
 *
 * @throws RejectedRowsError when more than `rejectLimit` of the rows are malformed or of no known shape
 * @throws FileError when an input is missing, empty or of an unknown kind, or when no row is kept
 * @throws OutputFolderError when the output folder must not be overwritten
 * @throws OptionError when an option has a value it cannot have
 */
export async function prepare(options: PrepareOptions): Promise<PrepareResult> {
  const given = resolvePrepareOptions(options);
  const resolved = { ...given, inputs: await allInputs(given.inputs) };
  const totalBytes = await inputBytes(resolved.inputs);
  const check = (): Promise<void> =>
    checkOutputFolder(resolved.output, filesOf(resolved.inputs), resolved.overwrite);
  await recoverPlace(resolved.output);
  await check();
  await checkWritable(resolved.output);
  const fill = async (folder: string): Promise<PrepareResult> => {
    const intake = new Intake(resolved, folder, totalBytes);
    const rejectedFile = await intake.run();
    return distribute(resolved, folder, intake, rejectedFile);
  };
  return replaceFolder(resolved.output, fill, { check });
}

/** The second pass: deals the kept rows out to the splits and writes the manifest. */
async function distribute(
  options: ResolvedPrepareOptions,
  folder: string,
  intake: Intake,
  rejectedFile: WrittenFile,
): Promise<PrepareResult> {
  const isLeftOut = (row: number): boolean => (intake.copyOf[row] ?? -1) !== -1;
  const splitOfRow = intake.groups
    .assign(options.split, options.seed, isLeftOut)
    .map((split, row) => (isLeftOut(row) ? LEFT_OUT : split));
  const { shown, ...counts } = intake.contradictions.find(isLeftOut);
  const texts = new Map<number, string>(shown.flat().map((row) => [row, ""]));
  const outputs: Record<string, WrittenFile> = await writeSplits(
    options,
    folder,
    intake.kept,
    splitOfRow,
    texts,
  );
  const contradictions = {
    ...counts,
    examples: shown.map((rows) =>
      contradictionOf(
        rows.map((row) => ({ row: parseRow(parseJson(texts.get(row)!)), place: intake.placeOf(row) })),
      ),
    ),
  };
  const tokens =
    options.tokenizer === null ? null : await writeSplitTokens(options, folder, splitOfRow, intake, outputs);
  outputs[REJECTED_FILE] = rejectedFile;

  const splits = { train: 0, validation: 0, test: 0 };
  for (const split of splitOfRow) if (split !== LEFT_OUT) splits[SPLITS[split]] += 1;
  const result: PrepareResult = {
    read: intake.read,
    kept: intake.kept,
    rejected: intake.read - intake.kept,
    rules: intake.rules(),
    personalData: intake.cleaner.report().personalData,
    clusters: intake.clusters,
    splits,
    examples: intake.examples(),
    tokens,
    contradictions,
  };
  const manifest = {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    config: {
      split: options.split,
      seed: options.seed,
      groupBy: options.groupBy,
      stratify: options.stratify,
      nearDuplicates: options.nearDuplicates ?? "off",
      keepNearDuplicates: options.keepNearDuplicates,
      map: Object.fromEntries([...options.columns].map(([column, key]) => [key, column])),
      cleaning: describeCleaning(options.cleaning),
      rejectLimit: options.rejectLimit,
      tokenizer: options.tokenizer === null ? null : options.tokenizerHashes,
      maxTokens: options.maxTokens,
      ...(options.tokenizer === null
        ? {}
        : { overlong: options.overlong, lossOn: options.lossOn, reasoning: options.reasoning }),
    },
    inputs: await Promise.all(
      options.inputs.map(async (input, index) =>
        typeof input === "string"
          ? { file: input, ...(await hashFile(input)) }
          : { name: input.name, rows: intake.rowsOfInput[index] },
      ),
    ),
    outputs,
    ...result,
    ruleOrder: intake.cleaner.steps,
  };
  await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  options.signal?.throwIfAborted();
  return result;
}

/** @param texts receives the lines of the rows that it has */
async function writeSplits(
  options: ResolvedPrepareOptions,
  folder: string,
  kept: number,
  splitOfRow: Uint8Array,
  texts: Map<number, string>,
): Promise<Record<string, WrittenFile>> {
  const spilt = join(folder, KEPT_ROWS);
  const writers = await Promise.all(SPLITS.map((name) => LineWriter.create(join(folder, `${name}.jsonl`))));
  const outputs: Record<string, WrittenFile> = {};
  try {
    let row = 0;
    for await (const lines of readLines(spilt, { maximumLineBytes: Number.POSITIVE_INFINITY })) {
      options.signal?.throwIfAborted();
      for (const { text } of lines) {
        if (texts.has(row)) texts.set(row, text);
        const split = splitOfRow[row++];
        if (split === LEFT_OUT) continue;
        await writers[split].write(text);
        if (row % PROGRESS_ROWS === 0) options.onProgress({ phase: "write", written: row, kept });
      }
    }
    for (const [split, name] of SPLITS.entries()) outputs[`${name}.jsonl`] = await writers[split].close();
  } finally {
    await Promise.all(writers.map((writer) => writer.abandon()));
  }
  await rm(spilt);
  options.onProgress({ phase: "write", written: kept, kept });
  return outputs;
}

async function writeSplitTokens(
  options: ResolvedPrepareOptions,
  folder: string,
  splitOfRow: Uint8Array,
  { truncated, unlabelledTurns, reasoningTurns }: Intake,
  outputs: Record<string, WrittenFile>,
): Promise<TokenCounts> {
  const spilt = join(folder, KEPT_TOKENS);
  const tokens = await TokenDataset.open(spilt);
  const counts = {
    tokens: 0,
    scoredTokens: 0,
    truncatedRows: 0,
    splitRows: 0,
    unlabelledTurns: 0,
    reasoningTurns: { train: 0, validation: 0, test: 0 },
  };
  for (const [split, name] of SPLITS.entries()) {
    const ofSplit = function* (): Generator<TokenRowInput> {
      let before = -1;
      let parts = 0;
      let number = -1;
      for (let index = 0; index < tokens.length; index++) {
        const { row, ...part } = tokens.row(index);
        if (splitOfRow[row] !== split) continue;
        counts.tokens += part.inputIds.length;
        counts.scoredTokens += part.labels.reduce((sum, label) => sum + (label < 0 ? 0 : 1), 0);
        parts = row === before ? parts + 1 : 1;
        if (parts === 2) counts.splitRows += 1;
        if (parts === 1) {
          number += 1;
          counts.truncatedRows += truncated.values[row];
          counts.unlabelledTurns += unlabelledTurns.values[row];
          counts.reasoningTurns[name] += reasoningTurns.values[row];
        }
        before = row;
        yield { ...part, row: number }; // line of the split's JSONL file, from 0
      }
    };
    options.signal?.throwIfAborted();
    const path = join(folder, `${name}.arrow`);
    const rows = await writeTokenFile(path, ofSplit(), tokenMetadata(options));
    outputs[`${name}.arrow`] = { rows, ...(await hashFile(path)) };
  }
  await rm(spilt);
  return counts;
}
