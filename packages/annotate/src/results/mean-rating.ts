import { bootstrapScores, percentileInterval, scoreOf, type SegmentStatistics } from "@lathe/eval";
import { groupBy, type PlacedRating } from "./ratings.js";
import type { MeanRating } from "./study-results.js";

/** The mean of all ratings, and its interval from rows drawn anew with all their ratings. */
export function meanRating(ratings: readonly PlacedRating[]): MeanRating {
  const rows = [...groupBy(ratings, ({ row }) => row).values()];
  if (rows.length === 0) return { mean: null, interval: null, ratings: 0 };
  const statistics: SegmentStatistics = {
    segments: rows.length,
    width: 2,
    values: Float64Array.from(
      rows.flatMap((row) => [row.reduce((sum, { value }) => sum + value, 0), row.length]),
    ),
    score: ([sum, count]) => sum / count,
  };
  const [resampled] = bootstrapScores([statistics]);
  return { mean: scoreOf(statistics), interval: percentileInterval(resampled), ratings: ratings.length };
}
