import { join } from "node:path";
import { parseJson, phrase, readLines } from "@lathe/files";
import type { CleaningExample } from "../clean/row-cleaner.js";
import { parseRow } from "../rows/parse-row.js";
import type { WrittenFile } from "../spill/written-file.js";
import { SPLITS } from "../split/split-weights.js";
import { type Contradiction, contradictionOf } from "./contradictions.js";
import { LEFT_OUT, readSplits, type DealReport } from "./deal-rows.js";
import { type CopiesReport, readCopies } from "./find-copies.js";
import { LineWriter } from "./line-writer.js";
import { KEPT_ROWS, REJECTED_ROWS, type IntakeReport } from "./prepare-intake.js";
import { PROGRESS_ROWS, type ResolvedPrepareOptions } from "./prepare-options.js";
import { rejectionExample, rejectionLine } from "./rejection.js";
import { RowLedger } from "./row-ledger.js";

/** The file of rows that were set aside. */
export const REJECTED_FILE = "rejected.jsonl";

/** Files that {@link writeSplits} makes. */
export const SPLIT_FILES: readonly string[] = [...SPLITS.map((name) => `${name}.jsonl`), REJECTED_FILE];

/** What writing the rows came to. */
export interface RowsReport {
  readonly outputs: Readonly<Record<string, WrittenFile>>;
  /** Of rows that were set aside as near copies. */
  readonly examples: readonly CleaningExample[];
  readonly contradictions: readonly Contradiction[];
}

/** What the stages before it found. */
export interface RowsToWrite {
  readonly intake: IntakeReport;
  readonly copies: CopiesReport;
  readonly deal: DealReport;
}

/** The stage that writes the rows of every split, and those that were set aside: near copies behind the others. */
export async function writeSplits(
  options: ResolvedPrepareOptions,
  folder: string,
  { intake, copies, deal }: RowsToWrite,
): Promise<RowsReport> {
  const kept = intake.kept - copies.copies;
  const splitOfRow = await readSplits(folder);
  const shown = deal.contradictions.shown;
  const texts = new Map<number, string>(shown.flat().map((row) => [row, ""]));
  const examples: CleaningExample[] = [];
  const nearCopies = readCopies(folder);
  const ledger = new RowLedger(folder, options, intake.names);
  const writers: LineWriter[] = [];
  try {
    for (const name of SPLIT_FILES) writers.push(await LineWriter.create(join(folder, name)));
    const rejected = writers[SPLITS.length];
    for await (const lines of linesOf(folder, REJECTED_ROWS)) {
      for (const { text } of lines) await rejected.write(text);
    }
    let row = 0;
    for await (const lines of linesOf(folder, KEPT_ROWS)) {
      options.signal?.throwIfAborted();
      for (const { text } of lines) {
        if (texts.has(row)) texts.set(row, text);
        const split = splitOfRow[row];
        if (split === LEFT_OUT) {
          const { original, similarity } = nearCopies.next().value!;
          const place = ledger.placeOf(row);
          const { file, line } = ledger.placeOf(original);
          const reason = phrase`a near copy (${similarity} of its 5-grams) of the row at ${file}:${line}`;
          const source: unknown = parseJson(text);
          await rejected.write(rejectionLine(source, reason, place));
          if (examples.length < options.cleaning.examplesPerStep)
            examples.push(rejectionExample(source, reason, place));
        } else await writers[split].write(text);
        row += 1;
        if (row % PROGRESS_ROWS === 0)
          options.onProgress({ phase: "write", written: Math.min(row, kept), kept });
      }
    }
    const outputs: Record<string, WrittenFile> = {};
    for (const [at, name] of SPLIT_FILES.entries()) outputs[name] = await writers[at].close();
    options.onProgress({ phase: "write", written: kept, kept });
    const contradictions = shown.map((rows) =>
      contradictionOf(
        rows.map((number) => ({
          row: parseRow(parseJson(texts.get(number)!)),
          place: ledger.placeOf(number),
        })),
      ),
    );
    return { outputs, examples, contradictions };
  } finally {
    nearCopies.return();
    ledger.close();
    await Promise.all(writers.map((writer) => writer.abandon()));
  }
}

const linesOf = (folder: string, name: string): ReturnType<typeof readLines> =>
  readLines(join(folder, name), { maximumLineBytes: Number.POSITIVE_INFINITY });
