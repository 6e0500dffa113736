import { SAMPLING_NUMBERS, threefry2x32 } from "@lathe/kernels";
import { engineInUse } from "@lathe/tensor";
import { NonFiniteLogitsError } from "./non-finite-logits-error.js";
import { SamplingError } from "./sampling-error.js";

/** How the next token is chosen from the logits. */
export interface SamplingOptions {
  /** Divides the logits; 0 takes the likeliest token. @defaultValue 0 */
  readonly temperature: number;
  /** Only the k likeliest tokens; 0 for all. @defaultValue 0 */
  readonly topK: number;
  /** Only the likeliest tokens whose probabilities sum to at least p (arXiv:1904.09751). @defaultValue 1 */
  readonly topP: number;
  /** Makes tokens that have occurred less likely (arXiv:1909.05858); 1 for none. @defaultValue 1 */
  readonly repetitionPenalty: number;
  /** Same seed, same text. @defaultValue 0 */
  readonly seed: number;
}

/** Number of a draw: of the random stream, which is a sequence's own, and of the step within it. */
export type Draw = readonly [sequence: number, step: number];

/** Greedy: the likeliest token each time. */
export const samplingDefaults: SamplingOptions = {
  temperature: 0,
  topK: 0,
  topP: 1,
  repetitionPenalty: 1,
  seed: 0,
};

/** @throws SamplingError naming the option */
export function checkSampling(options: SamplingOptions): void {
  const expect = (holds: boolean, name: keyof SamplingOptions, range: string): void => {
    if (!holds) throw new SamplingError(name, range, options[name]);
  };
  expect(options.temperature >= 0 && options.temperature < Infinity, "temperature", "a number from 0");
  expect(Number.isInteger(options.topK) && options.topK >= 0, "topK", "a whole number from 0");
  expect(options.topP > 0 && options.topP <= 1, "topP", "a number above 0, at most 1");
  expect(
    options.repetitionPenalty > 0 && options.repetitionPenalty < Infinity,
    "repetitionPenalty",
    "a number above 0",
  );
  expect(Number.isSafeInteger(options.seed) && options.seed >= 0, "seed", "a whole number from 0");
}

/** Scales the logits of ids that have occurred, towards less likely whatever their sign. */
function penalise(logits: Float32Array, seen: ReadonlySet<number>, penalty: number): void {
  for (const id of seen) logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
}

/** Whose next token is drawn, and how. */
export interface SampledRow {
  /** Ids of the prompt and of what was generated. */
  readonly seen: ReadonlySet<number>;
  readonly sampling: SamplingOptions;
  /** The same draw under the same seed gives the same token. */
  readonly draw: Draw;
}

/**
 * The next tokens of several sequences. Order of the steps as in Transformers: repetition penalty, temperature, top-k, top-p. Of
 * tokens that are equally likely at the edge of top-k or top-p, those of lower id stay. The token of a row does not depend on the
 * other rows.
 *
 * @param logits [N, V], changed in place
 * @returns for each row its token, or why there is none: a logit is NaN or +∞, or all are −∞
 */
export function sampleTokens(
  logits: Float32Array,
  rows: readonly SampledRow[],
): (number | NonFiniteLogitsError)[] {
  const vocabulary = logits.length / rows.length;
  const choices = new Float64Array(rows.length * SAMPLING_NUMBERS);
  for (const [row, { seen, sampling, draw }] of rows.entries()) {
    const { temperature, topK, topP, repetitionPenalty, seed } = sampling;
    if (repetitionPenalty !== 1) {
      penalise(logits.subarray(row * vocabulary, (row + 1) * vocabulary), seen, repetitionPenalty);
    }
    const [bits] = threefry2x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], draw);
    choices.set([temperature, topK, topP, bits / 2 ** 32], row * SAMPLING_NUMBERS);
  }
  const ids = new Int32Array(rows.length);
  engineInUse().sampleRows(logits, choices, ids);
  return rows.map(({ draw: [sequence, step] }, row) => {
    if (ids[row] >= 0) return ids[row];
    const wrong = -1 - ids[row];
    return new NonFiniteLogitsError(sequence, step, wrong, logits[row * vocabulary + wrong]);
  });
}
