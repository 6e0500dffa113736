import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkWritable, recoverPlace, replaceFolder } from "@lathe/files";
import type { ContradictionReport } from "./contradictions.js";
import { DEAL_FILES, dealRows } from "./deal-rows.js";
import { COPY_FILES, findCopies } from "./find-copies.js";
import { Intake, type TokenCounts } from "./prepare-intake.js";
import {
  allInputs,
  filesOf,
  inputBytes,
  nameOf,
  resolvePrepareOptions,
  type PrepareOptions,
  type ResolvedPrepareOptions,
} from "./prepare-options.js";
import { MANIFEST_FILE, MANIFEST_FORMAT } from "./manifest-file.js";
import { checkOutputFolder } from "./prepared-folder.js";
import { readManifest } from "./read-manifest.js";
import { digestOf, identify, type RunIdentity, settingsOf } from "./run-identity.js";
import { WorkFolder } from "./work-folder.js";
import { SPLIT_TOKEN_FILES, writeSplitTokens } from "./write-split-tokens.js";
import { SPLIT_FILES, writeSplits } from "./write-splits.js";
import type { CleaningExample } from "../clean/row-cleaner.js";
import type { PersonalDataKind } from "../personal-data/kinds.js";
import type { SplitName } from "../split/split-weights.js";

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

/**
 * Turns raw files of rows, or rows in memory, into a prepared folder: normalised, cleaned and split rows as `train.jsonl`,
 * `validation.jsonl` and `test.jsonl`, what was set aside and why as `rejected.jsonl`, and `manifest.json` with hashes of all files read and written;
 * with a tokenizer also `train.arrow`, `validation.arrow` and `test.arrow`, row for row those of the JSONL files.
 *
 * The rows are read once; what later stages ask of them lies on the disk, in a hidden folder beside the output. Memory holds some 25 bytes a row
 * while they are read, and at most 45 in the stages behind. The output is written beside its place and renamed, so a failure leaves nothing behind
 * and nothing changed; after an interruption, and be it of the machine, `resume` goes on behind the last stage that was finished, and ends with
 * the same bytes. Where that very run has finished already, what it did is told again.
 *
 * @throws RejectedRowsError when more than `rejectLimit` of the rows are malformed or of no known shape
 * @throws FileError when an input is missing, empty or of an unknown kind, or when no row is kept
 * @throws OutputFolderError when the output folder must not be overwritten
 * @throws OptionError when an option has a value it cannot have
 * @throws ResumeError when inputs or settings are not those of the interrupted run
 */
export async function prepare(options: PrepareOptions): Promise<PrepareResult> {
  const given = resolvePrepareOptions(options);
  const resolved = { ...given, ...(await allInputs(given.inputs)) };
  const totalBytes = await inputBytes(resolved.inputs);
  const check = (): Promise<void> =>
    checkOutputFolder(
      resolved.output,
      filesOf(resolved.inputs).map(({ file }) => file),
      resolved.overwrite,
    );
  await recoverPlace(resolved.output);
  if (resolved.resume) {
    const finished = await readFinishedRun(resolved);
    if (finished !== null) return finished;
  }
  await check();
  await checkWritable(resolved.output);
  const fill = async (folder: string): Promise<PrepareResult> => {
    const identity = await identify(resolved);
    const work = await WorkFolder.open(resolved.output, identity, resolved.resume);
    try {
      const result = await runStages(resolved, work, { folder, totalBytes, identity });
      await work.remove();
      return result;
    } catch (error) {
      if (resolved.signal?.aborted !== true || !work.isWorthKeeping) await work.remove();
      throw error;
    }
  };
  return replaceFolder(resolved.output, fill, { check });
}

/**
 * What a run did that has finished: its process may have ended between the last rename and its answer. What another one of the same
 * output left beside it goes.
 * @returns null where the output is not that of a run with these inputs and settings
 */
async function readFinishedRun(options: ResolvedPrepareOptions): Promise<PrepareResult | null> {
  const manifest = await readManifest(options.output);
  if (typeof manifest?.identity !== "string") return null;
  if (manifest.identity !== digestOf(await identify(options))) return null;
  await WorkFolder.discard(options.output);
  const { read, kept, rejected, rules, personalData, clusters, splits, examples, tokens, contradictions } =
    manifest as unknown as PrepareResult;
  return { read, kept, rejected, rules, personalData, clusters, splits, examples, tokens, contradictions };
}

interface Run {
  /** Where the prepared files go. */
  readonly folder: string;
  readonly totalBytes: number;
  readonly identity: RunIdentity;
}

/** Goes through the stages, moves what they made into the folder and writes the manifest. */
async function runStages(
  options: ResolvedPrepareOptions,
  work: WorkFolder,
  { folder, totalBytes, identity }: Run,
): Promise<PrepareResult> {
  const intake = await work.stage("read", Intake.files(options), () =>
    new Intake(options, work.path, totalBytes).run(),
  );
  options.signal?.throwIfAborted();
  const copies = await work.stage("copies", COPY_FILES, () => findCopies(options, work.path, intake));
  options.signal?.throwIfAborted();
  const deal = await work.stage("deal", DEAL_FILES, () => dealRows(options, work.path, intake));
  const rows = await work.stage("rows", SPLIT_FILES, () =>
    writeSplits(options, work.path, { intake, copies, deal }),
  );
  const tokens =
    options.tokenizer === null
      ? null
      : await work.stage("tokens", SPLIT_TOKEN_FILES, () => writeSplitTokens(options, work.path, intake));
  const { shown: _rows, ...contradictions } = deal.contradictions;
  const { "rejected.jsonl": rejected, ...splits } = rows.outputs;
  const kept = intake.kept - copies.copies;
  const result: PrepareResult = {
    read: intake.read,
    kept,
    rejected: intake.read - kept,
    rules: { ...intake.rules, "near-duplicate": copies.copies },
    personalData: intake.personalData,
    clusters: copies.clusters,
    splits: deal.splits,
    examples: { ...intake.examples, "near-duplicate": rows.examples },
    tokens: tokens?.tokens ?? null,
    contradictions: { ...contradictions, examples: rows.contradictions },
  };
  const outputs = { ...splits, ...tokens?.outputs, "rejected.jsonl": rejected };
  const hashed = new Map(identity.inputs.map((input) => [input.file, input]));
  const manifest = {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    identity: digestOf(identity),
    config: settingsOf(options),
    inputs: options.inputs.map((input, index) =>
      typeof input !== "string" && "rows" in input
        ? { name: input.name, rows: intake.rowsOfInput[index] }
        : hashed.get(nameOf(input)),
    ),
    outputs,
    ...result,
    ruleOrder: intake.steps,
  };
  options.signal?.throwIfAborted();
  await work.moveTo(folder, Object.keys(outputs));
  await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  return result;
}
