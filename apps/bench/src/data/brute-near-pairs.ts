const WIDTH = 5; // code points of a shingle

/**
 * All pairs of texts whose sets of character 5-grams have a Jaccard similarity of at least a threshold, the earlier one first. Nothing is
 * estimated: for each text the shared members with all earlier ones are counted, by lists of the texts that hold each 5-gram.
 */
export function bruteNearPairs(
  texts: readonly string[],
  threshold: number,
): [earlier: number, later: number][] {
  const holders = new Map<string, number[]>();
  const sizes: number[] = [];
  const pairs: [number, number][] = [];
  for (const [row, text] of texts.entries()) {
    const points = Array.from(text);
    const width = Math.min(WIDTH, points.length);
    const grams = new Set(
      Array.from({ length: points.length - width + 1 }, (_, at) => points.slice(at, at + width).join("")),
    );
    const shared = new Map<number, number>();
    for (const gram of grams) {
      const known = holders.get(gram);
      if (known === undefined) holders.set(gram, [row]);
      else {
        for (const other of known) shared.set(other, (shared.get(other) ?? 0) + 1);
        known.push(row);
      }
    }
    sizes.push(grams.size);
    for (const [other, count] of shared) {
      if (count / (sizes[row] + sizes[other] - count) >= threshold) pairs.push([other, row]);
    }
  }
  return pairs;
}
