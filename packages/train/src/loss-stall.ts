import { median } from "./median.js";
import type { TrainConfig } from "./train-config.js";

/** Steps at the beginning and up to now whose losses are compared, at most and at least. */
const STEPS = 25;
const LEAST = 10;

/** Steps after the warm-up when the loss is looked at for the first time; later after twice as many each time. */
const FIRST_LOOK = 50;

/** Standard errors beyond which two means differ. */
const ERRORS = 2;

/** The recipe's highest rate. */
const HIGHEST_RATE = 1e-4;

/** Global norm below which there is no gradient to speak of. */
const NO_GRADIENT = 1e-7;

/** Share of clipped steps from which on the limit, and not the gradients, says how large steps are. */
const MUCH_CLIPPED = 0.5;

/**
 * What may help a loss that does not fall.
 *
 * - `lower-rate`: it rises.
 * - `check-targets`: the gradients are 0, so that nothing which is trained reaches the loss.
 * - `raise-rate`: the learning rate is below 1e-4, up to which the recipe allows raising it.
 * - `raise-clipping`: more than half of the steps are clipped.
 * - `check-rows`: none of these; the rows, or too little that is trained, must be the cause.
 */
export type StallAdvice = "lower-rate" | "check-targets" | "raise-rate" | "raise-clipping" | "check-rows";

/** A loss that has not fallen since the run began, with the run's own numbers. */
export interface LossStall {
  /** Mean loss of the first steps and of the last ones, so many each. */
  readonly firstLoss: number;
  readonly lastLoss: number;
  readonly steps: number;
  /** Median gradient norm of the last steps, before clipping. */
  readonly gradNorm: number;
  /** Share of the last steps whose gradients were clipped. */
  readonly clippedShare: number;
  /** Highest learning rate up to now. */
  readonly learningRate: number;
  /** What may help, the likeliest first. */
  readonly advice: readonly StallAdvice[];
}

/** What is looked at of a step: its report, or its line of `metrics.jsonl`. */
interface Watched {
  readonly step?: unknown;
  readonly loss?: unknown;
  readonly gradNorm?: unknown;
  readonly learningRate?: unknown;
}

/** Numbers of a step that was applied. */
interface Numbers {
  readonly loss: number;
  readonly gradNorm: number;
  readonly learningRate: number;
}

/**
 * Looks whether the loss falls: 50 steps after the warm-up, 100, 200 and so on, and at the end, until it has fallen once. It has
 * fallen when the mean of the last 25 steps (fewer in a short run, at least 10) lies more than two standard errors of the
 * difference below the mean of the first ones (Welch, 1947, without his degrees of freedom).
 */
export class StallWatch {
  readonly #config: TrainConfig;
  readonly #lastStep: number;
  readonly #first: number[] = [];
  readonly #recent: Numbers[] = [];
  #highestRate = 0;
  #hasFallen = false;
  #wasStalled = false;

  constructor(config: TrainConfig, lastStep: number) {
    this.#config = config;
    this.#lastStep = lastStep;
  }

  /**
   * Takes note of a step; one that is not finite is left out.
   * @returns what is wrong, where it was looked at and has not fallen; null where it has by now and had not before; else undefined
   */
  note({ step, loss, gradNorm, learningRate }: Watched): LossStall | null | undefined {
    const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
    if (this.#hasFallen || !isNumber(loss) || !isNumber(gradNorm) || !isNumber(learningRate)) return;
    if (this.#first.length < STEPS) this.#first.push(loss);
    this.#recent.push({ loss, gradNorm, learningRate });
    if (this.#recent.length > STEPS) this.#recent.shift();
    this.#highestRate = Math.max(this.#highestRate, learningRate);
    return typeof step === "number" && this.#isDue(step) ? this.#look(step) : undefined;
  }

  #isDue(step: number): boolean {
    const looks = Math.log2((step - this.#config.warmupSteps) / FIRST_LOOK);
    return step === this.#lastStep || (looks >= 0 && Number.isInteger(looks));
  }

  #look(step: number): LossStall | null | undefined {
    // The two must not overlap.
    const steps = Math.min(STEPS, Math.floor(step / 2), this.#first.length, this.#recent.length);
    if (steps < LEAST) return;
    const recent = this.#recent.slice(-steps);
    const [before, now] = [this.#first.slice(0, steps), recent.map(({ loss }) => loss)].map(spreadOf);
    const error = ERRORS * Math.sqrt(before.squaredError + now.squaredError);
    this.#hasFallen = before.mean - now.mean > error;
    if (this.#hasFallen) return this.#wasStalled ? null : undefined;
    this.#wasStalled = true;
    const { maxGradNorm } = this.#config;
    const isClipped = ({ gradNorm }: Numbers): boolean => maxGradNorm > 0 && gradNorm > maxGradNorm;
    const numbers = {
      firstLoss: before.mean,
      lastLoss: now.mean,
      steps,
      gradNorm: median(recent.map(({ gradNorm }) => gradNorm)),
      clippedShare: recent.filter(isClipped).length / steps,
      learningRate: this.#highestRate,
    };
    return { ...numbers, advice: adviceOn(numbers, now.mean - before.mean > error) };
  }
}

function adviceOn(
  { gradNorm, clippedShare, learningRate }: Omit<LossStall, "advice">,
  rises: boolean,
): StallAdvice[] {
  if (rises) return ["lower-rate"];
  if (gradNorm < NO_GRADIENT) return ["check-targets"];
  const advice: StallAdvice[] = [];
  if (learningRate < HIGHEST_RATE) advice.push("raise-rate");
  if (clippedShare > MUCH_CLIPPED) advice.push("raise-clipping");
  return advice.length > 0 ? advice : ["check-rows"];
}

/** Mean of values and the square of its standard error. */
function spreadOf(values: readonly number[]): { readonly mean: number; readonly squaredError: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, squaredError: squares / (values.length - 1) / values.length };
}
