import { type LabelledRow, UNSCORED } from "@lathe/model";
import type { RowSource } from "@lathe/train";

/** Rows whose lengths a report names. */
const LONGEST = 3;

/** What a run learns of its rows. */
export interface MaskReport {
  readonly rows: number;
  readonly tokens: number;
  /** Tokens with a loss: labels after a row's first token. */
  readonly scoredTokens: number;
  /** Rows in which a token that ends a reply is learnt; a model that never learns one does not stop. */
  readonly rowsWithEnd: number;
  /** Tokens of the longest rows, the longest first. */
  readonly longest: readonly number[];
}

/** Looks at what is learnt of rows. @param endIds tokens that end a reply */
export function maskReport(rows: RowSource<LabelledRow>, endIds: readonly number[]): MaskReport {
  const ends = new Set(endIds);
  let [tokens, scoredTokens, rowsWithEnd] = [0, 0, 0];
  let longest: number[] = [];
  for (let index = 0; index < rows.length; index++) {
    const { labels } = rows.row(index);
    tokens += labels.length;
    let hasEnd = false;
    for (let i = 1; i < labels.length; i++) {
      if (labels[i] === UNSCORED) continue;
      scoredTokens++;
      hasEnd ||= ends.has(labels[i]);
    }
    if (hasEnd) rowsWithEnd++;
    longest = [...longest, labels.length].sort((a, b) => b - a).slice(0, LONGEST);
  }
  return { rows: rows.length, tokens, scoredTokens, rowsWithEnd, longest };
}
