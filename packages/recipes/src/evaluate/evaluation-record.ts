import type { SystemScores } from "@lathe/eval";
import type { JudgedComparison } from "../evaluate-files.js";
import type { SystemsEvaluation } from "./systems-evaluation.js";

/** Systems and comparisons for scripts; of one system its scores by name first, and what they were made of. */
export function comparisonRecord({
  systems,
  comparisons,
  segments,
  language,
  reasoning,
  judge,
}: JudgedComparison): Record<string, unknown> {
  const [{ scores, details, perSegment }] = systems;
  const alone = {
    ...Object.fromEntries(Object.entries(scores).map(([metric, { score }]) => [metric, score])),
    details,
    ...(perSegment ? { perSegment } : {}),
  };
  return {
    ...(systems.length === 1 ? alone : {}),
    segments,
    language,
    reasoning,
    systems,
    comparisons,
    ...(judge ? { judge } : {}),
  };
}

/** Systems for scripts; what the last one comes to stands first by name. */
export function evaluationRecord({
  scores,
  systems,
  judge,
  ...rest
}: SystemsEvaluation): Record<string, unknown> {
  const last = systems[systems.length - 1];
  const { loss, perplexity, tokens } = last.data;
  const scored: readonly SystemScores[] = scores?.systems ?? [];
  const ofLast = Object.entries(scored.at(-1)?.scores ?? {}).map(
    ([metric, { score }]) => [metric, score] as const,
  );
  return {
    loss,
    perplexity,
    tokens,
    ...rest,
    ...(scores ? comparisonRecord({ ...scores, judge }) : {}),
    ...Object.fromEntries(ofLast),
    systems: systems.map((system, place) => ({ ...system, ...scored[place] })),
  };
}
