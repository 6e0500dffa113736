/** Courses of the learning rate after the warm-up. */
export const scheduleNames = ["cosine", "linear", "constant"] as const;

/** A course of the learning rate. */
export type ScheduleName = (typeof scheduleNames)[number];

/**
 * Learning rate of a step: a linear rise from 0 over the warm-up, then a half cosine to 0 (arXiv:1608.03983), a line to
 * 0, or a constant. The same numbers as Transformers' schedules with warm-up.
 *
 * @param step optimiser step, from 1   @param totalSteps steps of the whole run
 */
export function learningRateAt(
  step: number,
  totalSteps: number,
  {
    schedule,
    learningRate,
    warmupSteps,
  }: { readonly schedule: ScheduleName; readonly learningRate: number; readonly warmupSteps: number },
): number {
  const done = step - 1;
  if (done < warmupSteps) return (learningRate * done) / warmupSteps;
  const progress = Math.min(1, (done - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  switch (schedule) {
    case "cosine":
      return learningRate * 0.5 * (1 + Math.cos(Math.PI * progress));
    case "linear":
      return learningRate * (1 - progress);
    case "constant":
      return learningRate;
  }
}
