/** How near to the best loss is as good as it: 1 %. */
const TOLERANCE = 0.01;

/** Evaluations that a smoothed loss is the mean of: the one of the step and those just before. */
const SPAN = 3;

/**
 * The first step whose smoothed validation loss is within 1 % of the lowest smoothed one of the run: from there on, more steps
 * brought next to nothing. Smoothed is the mean with up to two evaluations before. Null without an evaluation.
 * @param metrics lines of `metrics.jsonl`
 */
export function convergenceStep(metrics: readonly object[]): number | null {
  const evaluations = (metrics as readonly Record<string, unknown>[]).flatMap(({ step, validationLoss }) =>
    typeof step === "number" && typeof validationLoss === "number" ? [{ step, loss: validationLoss }] : [],
  );
  const smoothed = evaluations.map(({ step }, index) => {
    const span = evaluations.slice(Math.max(0, index - SPAN + 1), index + 1);
    return { step, loss: span.reduce((sum, { loss }) => sum + loss, 0) / span.length };
  });
  const lowest = Math.min(...smoothed.map(({ loss }) => loss));
  return smoothed.find(({ loss }) => loss <= lowest * (1 + TOLERANCE))?.step ?? null;
}
