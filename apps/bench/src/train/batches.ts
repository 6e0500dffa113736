import { parseRow, readRecords, tokenizeRow } from "@lathe/data";
import { rowOrder, threefry2x32 } from "@lathe/kernels";
import { asPhrase, sayPhrase } from "@lathe/files";
import { loadTokenizer } from "@lathe/model";
import { UsageError } from "../shared/usage-error.js";
import type { JobRow } from "./train-job.js";

/** One batch of random rows, all labelled but for the share of the prompt. */
export function randomBatch(
  rows: number,
  tokens: number,
  promptShare: number,
  vocabularySize: number,
): JobRow[] {
  return Array.from({ length: rows }, (_, row) => {
    const inputIds = Array.from(
      { length: tokens },
      (_, position) => threefry2x32([1, 2], [row, position])[0] % vocabularySize,
    );
    return {
      inputIds,
      labels: inputIds.map((id, position) => (position < tokens * promptShare ? -100 : id)),
    };
  });
}

/**
 * Batches of the rows of a file as they are, drawn in an order that is the same every time.
 * @throws UsageError when there is no tokenizer, too few rows, or an id beyond the vocabulary
 */
export async function fileBatches(
  file: string,
  tokenizerFolder: string,
  batch: number,
  steps: number,
  vocabularySize: number,
): Promise<JobRow[][]> {
  const tokenizer = await loadTokenizer(tokenizerFolder);
  if (!tokenizer)
    throw new UsageError(`--tokenizer: expected a folder with tokenizer.json, got ${tokenizerFolder}`);
  const rows: JobRow[] = [];
  for await (const record of readRecords(file)) {
    const place = { file: record.file, line: record.line };
    if ("error" in record)
      throw new UsageError(
        `--rows: ${record.file}, line ${record.line}: ${sayPhrase(asPhrase(record.error))}`,
      );
    const { inputIds, labels } = tokenizeRow(parseRow(record.value, place), tokenizer);
    rows.push({ inputIds: Array.from(inputIds), labels: Array.from(labels) });
  }
  if (rows.length < batch) {
    throw new UsageError(
      `--rows: expected at least ${batch} rows for a batch, got ${rows.length} in ${file}`,
    );
  }
  const largest = rows.reduce((most, { inputIds }) => inputIds.reduce((a, b) => Math.max(a, b), most), 0);
  if (largest >= vocabularySize) {
    throw new UsageError(
      `--rows: expected ids below the vocabulary of ${vocabularySize}, got ${largest}; choose a larger --size`,
    );
  }
  const order = rowOrder(rows.length, 0, 0, true);
  const count = Math.min(steps, Math.floor(rows.length / batch));
  return Array.from({ length: count }, (_, step) =>
    Array.from({ length: batch }, (_, place) => rows[order[step * batch + place]]),
  );
}
