import type { StudyResults } from "./study-results.js";

/** The results as scripts read them: `annotators` is how many have answered, `byAnnotator` what each of them is like. */
export function studyRecord({ annotators, ...results }: StudyResults): Record<string, unknown> {
  return {
    ...results,
    annotators: annotators.filter(({ answers }) => answers > 0).length,
    byAnnotator: annotators,
  };
}
