/** Words that follow each other in several rows. */
export interface NGram {
  readonly words: readonly string[];
  /** Rows that hold them. */
  readonly rows: number;
}

/**
 * The runs of words that most rows hold.
 *
 * @param rows the words of every row
 * @param length words of a run
 * @param most runs at most; those of a single row are none
 */
export function topNGrams(rows: readonly (readonly string[])[], length: number, most: number): NGram[] {
  const counts = new Map<string, number>();
  for (const words of rows) {
    const ofRow = new Set<string>();
    for (let at = 0; at + length <= words.length; at++)
      ofRow.add(words.slice(at, at + length).join("\u0000"));
    for (const run of ofRow) counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .sort(([left, a], [right, b]) => b - a || (left < right ? -1 : 1))
    .slice(0, most)
    .map(([run, count]) => ({ words: run.split("\u0000"), rows: count }));
}
