import { evaluateFiles } from "@lathe/recipes";
import { peakResidentBytes } from "@lathe/tensor";
import { SCORED_METRICS, type ScoredMetric, type ScoresJob, type ScoresOutcome } from "./scores-job.js";

/** Metrics of Lathe, the last of which is the score that is shown. */
const named: Readonly<Record<ScoredMetric, readonly string[]>> = {
  bleu: ["bleu"],
  chrf: ["chrf"],
  rouge: ["rouge1", "rouge2", "rougeL"],
};

/**
 * Scores the replies as `lathe eval --predictions` does: a metric after the other without intervals, as the peer, then all at
 * once with them, as users do.
 */
export async function measureScores({ predictions, references }: ScoresJob): Promise<ScoresOutcome> {
  const seconds = { bleu: 0, chrf: 0, rouge: 0 };
  const scores = { bleu: 0, chrf: 0, rouge: 0 };
  const measure = async (metrics: readonly string[], resamples: number) => {
    const start = process.cpuUsage();
    const { systems } = await evaluateFiles({
      predictions: [predictions],
      references,
      metrics,
      metricOptions: { tokenizer: "zh", language: "en" },
      bootstrap: { resamples },
    });
    const { user, system } = process.cpuUsage(start);
    return { seconds: (user + system) / 1e6, score: Object.values(systems[0].scores).at(-1)!.score };
  };
  for (const metric of SCORED_METRICS) {
    // One resample is the least there is: next to nothing beside the score.
    const measured = await measure(named[metric], 1);
    seconds[metric] = measured.seconds;
    scores[metric] = measured.score;
  }
  const all = await measure(
    SCORED_METRICS.flatMap((metric) => named[metric]),
    1000,
  );
  return { seconds, scores, secondsWithIntervals: all.seconds, peakResidentBytes: peakResidentBytes() };
}
