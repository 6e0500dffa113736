import type { StepReport } from "@lathe/train";
import type { PlanCorrection } from "./plan-correction.js";
import type { PlannedStep } from "./plan-step.js";

/** Steps after which a run knows what it takes. */
const KNOWN_AFTER = 3;

/** A step whose weights stay on disk. */
interface StreamToCorrect {
  readonly plannedBytesPerStep: number;
  /** Bytes read so far. */
  readonly bytesRead: () => number;
}

/** Corrects a plan by the first steps of a process. */
export class PlanCorrector {
  readonly #planned: PlannedStep;
  readonly #plannedSeconds: number;
  readonly #microBatches: number;
  readonly #reports: StepReport[] = [];
  readonly #stream: StreamToCorrect | null;
  #readBefore: number;
  /** Bytes that steps after the first read, those without an evaluation. */
  readonly #read: number[] = [];

  /** @param microBatches of a step   @param stream where weights stay on disk; to be made before the first step */
  constructor(planned: PlannedStep, microBatches: number, stream: StreamToCorrect | null = null) {
    this.#stream = stream;
    this.#readBefore = stream?.bytesRead() ?? 0;
    this.#planned = planned;
    this.#plannedSeconds = planned.seconds();
    this.#microBatches = microBatches;
  }

  /** Takes the report of a step. @returns the correction after the third of them, else null */
  async note(report: StepReport): Promise<PlanCorrection | null> {
    if (this.#reports.length === KNOWN_AFTER) return null;
    this.#reports.push(report);
    const readBefore = this.#readBefore;
    this.#readBefore = this.#stream?.bytesRead() ?? 0;
    // The first step finds no layer that the one before has left in memory.
    const isFirst = this.#reports.length === 1;
    if (!isFirst && report.validationLoss === undefined) this.#read.push(this.#readBefore - readBefore);
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
      stream: this.#streamed(),
      remainingSeconds: (report.totalSteps - report.step) * secondsPerStep,
    };
  }

  /** Null where weights are in memory, and where an evaluation followed every step after the first. */
  #streamed(): PlanCorrection["stream"] {
    if (!this.#stream || this.#read.length === 0) return null;
    const { plannedBytesPerStep } = this.#stream;
    const bytesPerStep = this.#read.reduce((sum, bytes) => sum + bytes, 0) / this.#read.length;
    return { plannedBytesPerStep, bytesPerStep };
  }
}
