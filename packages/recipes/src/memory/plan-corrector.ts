import type { StepReport } from "@lathe/train";
import type { PlanCorrection } from "./plan-correction.js";
import type { PlannedStep } from "./plan-step.js";

/** Steps after which a run knows what it takes. */
const KNOWN_AFTER = 3;

/** Corrects a plan by the first steps of a process. */
export class PlanCorrector {
  readonly #planned: PlannedStep;
  readonly #plannedSeconds: number;
  readonly #microBatches: number;
  readonly #reports: StepReport[] = [];

  /** @param microBatches of a step */
  constructor(planned: PlannedStep, microBatches: number) {
    this.#planned = planned;
    this.#plannedSeconds = planned.seconds();
    this.#microBatches = microBatches;
  }

  /** Takes the report of a step. @returns the correction after the third of them, else null */
  async note(report: StepReport): Promise<PlanCorrection | null> {
    if (this.#reports.length === KNOWN_AFTER) return null;
    this.#reports.push(report);
    if (this.#reports.length < KNOWN_AFTER) return null;
    const { memory, bytesOf, tokens } = this.#planned;
    const most = Math.max(...this.#reports.map((one) => one.tokens));
    const seen = await bytesOf(Math.ceil(most / this.#microBatches));
    // The first step warms up: code is compiled and memory touched for the first time.
    const [, ...warm] = this.#reports;
    const seconds = warm.reduce((sum, one) => sum + one.seconds, 0);
    const secondsPerStep = (seconds / warm.reduce((sum, one) => sum + one.tokens, 0)) * tokens;
    return {
      step: report.step,
      plannedBytes: memory.expectedBytes,
      expectedBytes: report.peakResidentBytes + Math.max(0, memory.expectedBytes - seen),
      budgetBytes: memory.budgetBytes,
      plannedSecondsPerStep: this.#plannedSeconds,
      secondsPerStep,
      remainingSeconds: (report.totalSteps - report.step) * secondsPerStep,
    };
  }
}
