/** Courses of the learning rate after the warm-up. */
export const scheduleNames = ["cosine", "linear", "constant"] as const;

/** A course of the learning rate. */
export type ScheduleName = (typeof scheduleNames)[number];

/**
 * Learning rate of a step.
 * @param step optimiser step, from 1   @param totalSteps steps of the whole run
 */
export type Schedule = (step: number, totalSteps: number) => number;

/** A named course and its numbers. */
export interface ScheduleConfig {
  readonly schedule: ScheduleName;
  /** Peak. */
  readonly learningRate: number;
  /** Steps over which the rate rises from 0 to its peak. */
  readonly warmupSteps: number;
}

/**
 * A linear rise from 0 over the warm-up, then a half cosine to 0 (arXiv:1608.03983), a line to 0, or a constant. The same
 * numbers as Transformers' schedules with warm-up.
 */
export function namedSchedule({ schedule, learningRate, warmupSteps }: ScheduleConfig): Schedule {
  return (step, totalSteps) => {
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
  };
}
