import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "@lathe/files";
import { SPLITS, type SplitName } from "../split/split-weights.js";
import { readClusters, readCopies } from "./find-copies.js";
import type { IntakeReport } from "./prepare-intake.js";
import type { ResolvedPrepareOptions } from "./prepare-options.js";
import { RowLedger } from "./row-ledger.js";

const SPLITS_FILE = "row-splits";

/** Files that {@link dealRows} makes. */
export const DEAL_FILES: readonly string[] = [SPLITS_FILE];

/** Stands for a split in the list of them where a row is set aside. */
export const LEFT_OUT = 255;

/** What dealing the rows out came to. */
export interface DealReport {
  readonly splits: Readonly<Record<SplitName, number>>;
  readonly contradictions: {
    readonly questions: number;
    readonly rows: number;
    /** Rows that give the answers of some questions. */
    readonly shown: readonly (readonly number[])[];
  };
}

/** The stage that chooses the split of every row that stays, and finds questions with several answers among these. */
export async function dealRows(
  options: ResolvedPrepareOptions,
  folder: string,
  { names }: IntakeReport,
): Promise<DealReport> {
  const ledger = new RowLedger(folder, options, names);
  try {
    const leftOut = new Uint8Array(ledger.rows);
    for (const { row } of readCopies(folder)) leftOut[row] = 1;
    const isLeftOut = (row: number): boolean => leftOut[row] === 1;
    const splitOf = assign(options, ledger, folder, isLeftOut);
    const splits = { train: 0, validation: 0, test: 0 };
    for (const split of splitOf) if (split !== LEFT_OUT) splits[SPLITS[split]] += 1;
    await replaceFile(join(folder, SPLITS_FILE), splitOf);
    options.signal?.throwIfAborted();
    return { splits, contradictions: ledger.contradictions().find(isLeftOut) };
  } finally {
    ledger.close();
  }
}

function assign(
  options: ResolvedPrepareOptions,
  ledger: RowLedger,
  folder: string,
  isLeftOut: (row: number) => boolean,
): Uint8Array {
  const groups = ledger.groups();
  for (const [row, cluster] of readClusters(folder)) groups.join(row, cluster);
  const splitOf = groups.assign(options.split, options.seed, isLeftOut);
  for (let row = 0; row < splitOf.length; row++) if (isLeftOut(row)) splitOf[row] = LEFT_OUT;
  return splitOf;
}

/** [rows] The split of every spilt row as an index into `SPLITS`, or {@link LEFT_OUT}. */
export async function readSplits(folder: string): Promise<Uint8Array> {
  return readFile(join(folder, SPLITS_FILE));
}
