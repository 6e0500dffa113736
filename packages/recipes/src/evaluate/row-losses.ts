import {
  bootstrapScores,
  type BootstrapOptions,
  type Interval,
  percentileInterval,
  perplexity,
} from "@lathe/eval";
import type { SegmentStatistics } from "@lathe/eval";
import { scoreRows } from "@lathe/eval/model";
import { UNSCORED } from "@lathe/data";
import type { LanguageModel, Tokenizer } from "@lathe/model";
import type { LabelledRow } from "../rows/labelled-rows.js";

/** What a model makes of the labels of rows: numbers a row, and how much text they are. */
export interface RowLosses {
  /** `[row]`: sum of −ln p over its labels, in nats. */
  readonly sums: readonly number[];
  /** `[row]`: its labels. */
  readonly counts: readonly number[];
  /** Of the text of all labels, in UTF-8; null without a tokenizer. */
  readonly bytes: number | null;
  /** Code points of that text. */
  readonly characters: number | null;
}

/** Loss and perplexity of rows. */
export interface LossScore {
  /** Mean −ln p of a label, in nats; null without labels. */
  readonly loss: number | null;
  /** e^loss, by token. */
  readonly perplexity: number | null;
  /** 95 % of perplexities of resampled rows. */
  readonly interval: Interval | null;
  /** Labels. */
  readonly tokens: number;
  /** e to the sum of −ln p over the bytes of the text: it compares models whose tokenizers differ. */
  readonly bytePerplexity: number | null;
  /** The same by character. */
  readonly characterPerplexity: number | null;
}

/** Rows that are scored in one call: enough for full batches. */
const ROWS_AT_ONCE = 256;

/** How {@link rowLosses} computes. */
export interface RowLossesOptions {
  readonly tokensPerBatch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Rows scored so far. */
  readonly onRows?: ((rows: number) => void) | undefined;
}

/** Scores the labels of rows that come one after the other. */
export async function rowLosses(
  model: LanguageModel,
  rows: AsyncIterable<LabelledRow>,
  tokenizer: Tokenizer | null,
  { tokensPerBatch, signal, onRows }: RowLossesOptions,
): Promise<RowLosses> {
  const sums: number[] = [];
  const counts: number[] = [];
  let [bytes, characters] = [0, 0];
  let group: LabelledRow[] = [];
  const score = async (): Promise<void> => {
    const scored = await scoreRows(model, group, {
      ...(tokensPerBatch === undefined ? {} : { tokensPerBatch }),
      ...(signal ? { signal } : {}),
      onProgress: (done) => onRows?.(sums.length + done),
    });
    for (const { loss, tokens } of scored.rows) {
      sums.push((loss ?? 0) * tokens);
      counts.push(tokens);
    }
    group = [];
  };
  for await (const row of rows) {
    group.push(row);
    for (const text of tokenizer ? labelTexts(row, tokenizer) : []) {
      bytes += Buffer.byteLength(text);
      characters += Array.from(text).length;
    }
    if (group.length >= ROWS_AT_ONCE) await score();
  }
  if (group.length > 0) await score();
  return tokenizer ? { sums, counts, bytes, characters } : { sums, counts, bytes: null, characters: null };
}

/** The texts of the stretches of labels; a row's first token is predicted from nothing and is none. */
function labelTexts({ inputIds, labels }: LabelledRow, tokenizer: Tokenizer): string[] {
  const texts: string[] = [];
  let stretch: number[] = [];
  for (let place = 1; place <= labels.length; place++) {
    if (place < labels.length && labels[place] !== UNSCORED) stretch.push(inputIds[place]);
    else if (stretch.length > 0) {
      texts.push(tokenizer.decode(stretch));
      stretch = [];
    }
  }
  return texts;
}

/** What perplexity follows from, a row. */
export const lossStatistics = ({ sums, counts }: RowLosses): SegmentStatistics => ({
  segments: sums.length,
  width: 2,
  values: Float64Array.from(sums.flatMap((sum, row) => [sum, counts[row]])),
  score: ([sum, tokens]) => (tokens > 0 ? Math.exp(sum / tokens) : 0),
});

/** Loss and perplexity, with an interval. */
export function lossScore(losses: RowLosses, bootstrap: BootstrapOptions): LossScore {
  const sum = losses.sums.reduce((a, b) => a + b, 0);
  const tokens = losses.counts.reduce((a, b) => a + b, 0);
  const per = (units: number | null): number | null =>
    units === null || units === 0 ? null : Math.exp(sum / units);
  return {
    loss: tokens > 0 ? sum / tokens : null,
    perplexity: tokens > 0 ? perplexity(sum, tokens) : null,
    interval: tokens > 0 ? percentileInterval(bootstrapScores([lossStatistics(losses)], bootstrap)[0]) : null,
    tokens,
    bytePerplexity: per(losses.bytes),
    characterPerplexity: per(losses.characters),
  };
}
