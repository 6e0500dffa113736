import { kendallCorrelation, spearmanCorrelation } from "@lathe/eval";
import { QUESTIONS } from "../questions.js";
import type { StudyData } from "../study/study-data.js";
import { countedAnswers, groupBy, meanOf, ratingsOf } from "./ratings.js";
import type { MetricCorrelation } from "./study-results.js";

/** How automatic scores go with the mean ratings, over all replies that have both. */
export function metricCorrelations(data: StudyData): MetricCorrelation[] {
  const metrics = [...new Set(data.rows.flatMap(({ scores }) => scores.flatMap((of) => Object.keys(of))))];
  const answers = countedAnswers(data);
  return metrics.flatMap((metric) =>
    QUESTIONS.map((question) => {
      const replies = groupBy(ratingsOf(answers, question), ({ row, system }) => `${row},${system}`);
      const pairs = [...replies.values()].flatMap((ratings) => {
        const [{ row, system }] = ratings;
        const scores = data.rows[row].scores[system];
        return Object.hasOwn(scores, metric)
          ? [{ score: scores[metric], rating: meanOf(ratings.map(({ value }) => value)) }]
          : [];
      });
      const x = pairs.map(({ score }) => score);
      const y = pairs.map(({ rating }) => rating);
      return {
        metric,
        question,
        replies: pairs.length,
        spearman: spearmanCorrelation(x, y),
        kendall: kendallCorrelation(x, y),
      };
    }),
  );
}
