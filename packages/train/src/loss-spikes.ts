import { median } from "./median.js";

/** Losses before a step that it is compared with, at most and at least. */
const WINDOW = 32;
const LEAST = 16;

/** Deviations from which on a loss is a spike. */
const LIMIT = 6;

/** The median absolute deviation of normal noise times this is its standard deviation. */
const NORMAL = 1.4826;

/** Least deviation, as a share of the median: where losses hardly differ, a small difference is no spike. */
const LEAST_DEVIATION = 0.01;

/** How far the loss of a step lies above those before it. */
export interface LossSpike {
  /** Median loss of up to 32 steps before. */
  readonly median: number;
  /** The loss less the median, in robust standard deviations of these steps. */
  readonly deviations: number;
}

/**
 * Finds losses that leap up: a step's loss is a spike where it lies more than six robust standard deviations above the median of
 * the 32 steps before it, of which there must be 16. The deviation is 1.4826 times the median absolute deviation (Leys et al.,
 * 2013, doi:10.1016/j.jesp.2013.03.013), and at least a hundredth of the median. Neither is moved by a spike among these steps.
 */
export class LossSpikes {
  readonly #losses: number[] = [];

  /** Takes note of a step's loss; one that is not finite, or that a file keeps as no number, is left out. */
  note(loss: unknown): LossSpike | null {
    if (typeof loss !== "number" || !Number.isFinite(loss)) return null;
    const spike = this.#losses.length < LEAST ? null : this.#compared(loss);
    this.#losses.push(loss);
    if (this.#losses.length > WINDOW) this.#losses.shift();
    return spike;
  }

  #compared(loss: number): LossSpike | null {
    const middle = median(this.#losses);
    const spread = median(this.#losses.map((before) => Math.abs(before - middle)));
    const deviation = Math.max(NORMAL * spread, LEAST_DEVIATION * Math.abs(middle));
    const deviations = (loss - middle) / deviation;
    return deviations > LIMIT ? { median: middle, deviations } : null;
  }
}
