import type { RowRange } from "@lathe/model";
import { cutByTokens } from "./cut-by-tokens.js";
import { rowLengths } from "./row-lengths.js";
import type { RowSource } from "./row-source.js";
import type { TrainConfig } from "./train-config.js";

/**
 * The batches that rows are evaluated in, in their order: of as many rows or tokens as a micro-batch of training has.
 * @throws TrainConfigError where they follow from lengths and the source does not tell them
 */
export function evaluationBatches(
  rows: Pick<RowSource<unknown>, "length" | "tokens">,
  { batchSize, maxTokensPerBatch }: Pick<TrainConfig, "batchSize" | "maxTokensPerBatch">,
): RowRange[] {
  const lengths = rowLengths(rows, { groupByLength: false, maxTokensPerBatch });
  if (lengths === null) {
    return Array.from({ length: Math.ceil(rows.length / batchSize) }, (_, number) => ({
      start: number * batchSize,
      end: Math.min((number + 1) * batchSize, rows.length),
    }));
  }
  let end = 0;
  return cutByTokens(
    Int32Array.from(lengths, (_, row) => row),
    lengths,
    maxTokensPerBatch,
  ).map(({ length }) => ({ start: end, end: (end += length) }));
}
