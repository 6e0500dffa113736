const signs = "▁▂▃▄▅▆▇█";

/** Stands for a place without a finite value. */
const GAP = "·";

/**
 * A course of values as a line of signs, each the mean of its share of them, from the lowest to the highest mean.
 * @param width signs at most; fewer where there are fewer values
 */
export function sparkline(values: readonly number[], width: number): string {
  const places = Math.min(Math.max(0, Math.floor(width)), values.length);
  const means = Array.from({ length: places }, (_, place) => {
    const [start, end] = [place, place + 1].map((edge) => Math.floor((edge * values.length) / places));
    const finite = values.slice(start, end).filter(Number.isFinite);
    return finite.length === 0 ? null : finite.reduce((sum, value) => sum + value, 0) / finite.length;
  });
  const known = means.filter((mean) => mean !== null);
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  return means
    .map((mean) => {
      if (mean === null) return GAP;
      const level =
        span > 0 ? Math.min(signs.length - 1, Math.floor(((mean - low) / span) * signs.length)) : 0;
      return signs[level];
    })
    .join("");
}
