import { evaluateFiles } from "@lathe/recipes";
import { peakResidentBytes } from "@lathe/tensor";
import { SCORED_METRICS, type ScoredMetric, type ScoresJob, type ScoresOutcome } from "./scores-job.js";

/** Metrics of Lathe, the last of which is the score that is shown. */
const named: Readonly<Record<ScoredMetric, readonly string[]>> = {
  bleu: ["bleu"],
  chrf: ["chrf"],
  rouge: ["rouge1", "rouge2", "rougeL"],
};

/** Scores the replies as `lathe eval --predictions` does, intervals included, a metric after the other. */
export async function measureScores({ predictions, references }: ScoresJob): Promise<ScoresOutcome> {
  const seconds = { bleu: 0, chrf: 0, rouge: 0 };
  const scores = { bleu: 0, chrf: 0, rouge: 0 };
  for (const metric of SCORED_METRICS) {
    const start = performance.now();
    const { systems } = await evaluateFiles({
      predictions: [predictions],
      references,
      metrics: named[metric],
      metricOptions: { tokenizer: "zh", language: "en" },
    });
    seconds[metric] = (performance.now() - start) / 1000;
    scores[metric] = Object.values(systems[0].scores).at(-1)!.score;
  }
  return { seconds, scores, peakResidentBytes: peakResidentBytes() };
}
