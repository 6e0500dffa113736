/**
 * Cuts an order of rows into runs of at most so many tokens, each as long as it can be. A row that has more is a run of its own.
 * @param order numbers of rows
 * @param lengths tokens of every row, by its number
 * @returns the runs, as views of the order
 */
export function cutByTokens(order: Int32Array, lengths: Int32Array, most: number): Int32Array[] {
  const runs: Int32Array[] = [];
  let start = 0;
  let tokens = 0;
  for (let at = 0; at < order.length; at++) {
    const length = lengths[order[at]];
    if (at > start && tokens + length > most) {
      runs.push(order.subarray(start, at));
      start = at;
      tokens = 0;
    }
    tokens += length;
  }
  if (start < order.length) runs.push(order.subarray(start));
  return runs;
}
