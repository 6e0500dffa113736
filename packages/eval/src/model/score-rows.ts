import {
  ExpertForecast,
  flatBatch,
  type LabelledBatch,
  type LabelledRow,
  type LanguageModel,
  targetsOf,
  walkLayers,
} from "@lathe/model";
import { perplexity } from "../metrics/perplexity.js";
import { scoreBatches } from "../scores/score-batches.js";

/** Batches that pass a layer before the next, of a model whose layers are read from disk: each has its residual stream in memory. */
const WALKED_BATCHES = 16;

/** What a model makes of one row. */
export interface RowScore {
  /** Mean negative log-likelihood a label, in nats; null for a row without a scored label. */
  readonly loss: number | null;
  /** Scored labels. */
  readonly tokens: number;
}

/** What a model makes of a set of rows. */
export interface ModelScore {
  /** Mean over all scored labels of all rows, in nats; null if there are none. */
  readonly loss: number | null;
  /** e^loss */
  readonly perplexity: number | null;
  /** Scored labels of all rows. */
  readonly tokens: number;
  readonly rows: readonly RowScore[];
}

/** Limits and hooks of {@link scoreRows}. */
export interface ScoreRowsOptions {
  /** Tokens computed at one time; a longer row is computed alone. @defaultValue 2048 */
  readonly tokensPerBatch?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (rowsDone: number, rows: number) => void;
}

/**
 * Negative log-likelihood and perplexity of labelled rows under a model. A label is predicted from the positions before
 * its own; labels of −100 and a row's first are not scored.
 *
 * @throws RangeError for tokensPerBatch out of range, or a row that has not one label a token
 * @throws the signal's reason when it aborts: an AbortError, unless told otherwise
 */
export async function scoreRows(
  model: LanguageModel,
  rows: readonly LabelledRow[],
  { tokensPerBatch = 2048, signal, onProgress }: ScoreRowsOptions = {},
): Promise<ModelScore> {
  if (!Number.isInteger(tokensPerBatch) || tokensPerBatch < 1) {
    throw new RangeError(`tokensPerBatch: expected a whole number from 1, got ${tokensPerBatch}`);
  }
  // Before any row is computed, and with the row's number among all.
  for (const [index, { inputIds, labels }] of rows.entries()) {
    if (labels.length !== inputIds.length) {
      throw new RangeError(
        `row ${index}: expected ${inputIds.length} labels, one a token, got ${labels.length}`,
      );
    }
  }
  const sums = new Float64Array(rows.length);
  const counts = new Int32Array(rows.length);
  /** Consecutive rows that together stay within the number of tokens, at least one. */
  const endOfBatch = (start: number): number => {
    let end = start + 1;
    for (let tokens = rows[start].inputIds.length; end < rows.length; end++) {
      tokens += rows[end].inputIds.length;
      if (tokens > tokensPerBatch) break;
    }
    return end;
  };
  const endsOfBatches = (start: number): number[] => {
    const ends = [endOfBatch(start)];
    while (model.isStreamed && ends.length < WALKED_BATCHES && ends.at(-1)! < rows.length) {
      ends.push(endOfBatch(ends.at(-1)!));
    }
    return ends;
  };
  const forecast = new ExpertForecast();
  const lossesOf = async (batches: readonly LabelledBatch[]): Promise<Float32Array[]> => {
    if (!model.isStreamed) return batches.map((batch) => model.tokenLosses(batch));
    const passes = batches.map((batch) => model.tokenLossPass(batch));
    return (await walkLayers(model, passes, { forecast, signal })).map((tensor) => {
      const losses = tensor.dataSync<"float32">().slice();
      tensor.dispose();
      return losses;
    });
  };
  await scoreBatches(
    { length: rows.length, row: (index) => rows[index] },
    {
      endOfBatch: (start) => endsOfBatches(start).at(-1)!,
      async score(some, start) {
        const ends = endsOfBatches(start).map((end) => end - start);
        const batches = ends.map((end, index) => flatBatch(some.slice(ends[index - 1] ?? 0, end)));
        let [sum, units] = [0, 0];
        for (const [index, losses] of (await lossesOf(batches)).entries()) {
          const owners = targetsOf(batches[index]).rows;
          const first = start + (ends[index - 1] ?? 0);
          losses.forEach((loss, label) => {
            sums[first + owners[label]] += loss;
            counts[first + owners[label]]++;
            sum += loss;
          });
          units += losses.length;
        }
        return { sum, units };
      },
      signal,
      onProgress,
    },
  );
  // From the sums a row, so that the mean does not depend on the batches.
  const sum = sums.reduce((a, b) => a + b, 0);
  const tokens = counts.reduce((a, b) => a + b, 0);
  return {
    loss: tokens > 0 ? sum / tokens : null,
    perplexity: tokens > 0 ? perplexity(sum, tokens) : null,
    tokens,
    rows: Array.from(sums, (rowSum, row) => ({
      loss: counts[row] > 0 ? rowSum / counts[row] : null,
      tokens: counts[row],
    })),
  };
}
