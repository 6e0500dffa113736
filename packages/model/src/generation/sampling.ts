import { threefry2x32 } from "@lathe/kernels";
import { NonFiniteLogitsError } from "./non-finite-logits-error.js";

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

/** @throws RangeError naming the option */
export function checkSampling(options: SamplingOptions): void {
  const expect = (holds: boolean, name: keyof SamplingOptions, range: string): void => {
    if (!holds) throw new RangeError(`${name}: expected ${range}, got ${options[name]}`);
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

/** The id of the largest logit, of equals the first. −∞ rules a token out; one logit at least must be finite. */
function likeliest(logits: Float32Array, [sequence, step]: Draw): number {
  let best = 0;
  for (let id = 0; id < logits.length; id++) {
    if (!(logits[id] < Infinity)) throw new NonFiniteLogitsError(sequence, step, id, logits[id]);
    if (logits[id] > logits[best]) best = id;
  }
  if (!(logits[best] > -Infinity)) throw new NonFiniteLogitsError(sequence, step, best, logits[best]);
  return best;
}

/** The largest values down to the least that is needed, and how many of the values equal to it. */
interface Cut {
  readonly least: number;
  readonly equals: number;
}

const middle = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

/**
 * Where to cut so that the largest values together measure at least what is needed. Divides around a pivot and goes on in
 * the part that holds the cut, so a vocabulary is never sorted.
 *
 * @param values at least one; their order changes
 * @param measure "count" for values as such, "mass" for their sum
 * @returns null where all values together measure less
 */
function cutLargest(
  values: Float32Array | Float64Array,
  measure: "count" | "mass",
  needed: number,
): Cut | null {
  const isCount = measure === "count";
  let start = 0;
  let end = values.length;
  while (start < end) {
    const pivot = middle(values[start], values[(start + end) >>> 1], values[end - 1]);
    // Larger ones to the front, smaller ones to the back, equal ones between.
    let above = start;
    let below = end;
    let sumAbove = 0;
    for (let i = start; i < below;) {
      const value = values[i];
      if (value > pivot) {
        sumAbove += isCount ? 1 : value;
        values[i++] = values[above];
        values[above++] = value;
      } else if (value < pivot) {
        values[i] = values[--below];
        values[below] = value;
      } else {
        i++;
      }
    }
    const share = isCount ? 1 : pivot;
    if (above > start && sumAbove >= needed) {
      end = above;
    } else if (sumAbove + (below - above) * share >= needed) {
      return { least: pivot, equals: Math.max(1, Math.ceil((needed - sumAbove) / share)) };
    } else {
      needed -= sumAbove + (below - above) * share;
      start = below;
    }
  }
  return null;
}

/** Replaces all values that a cut leaves out; of those equal to the least, the first stay. */
function keepLargest(values: Float32Array | Float64Array, { least, equals }: Cut, replacement: number): void {
  let left = equals;
  for (let id = 0; id < values.length; id++) {
    if (values[id] > least) continue;
    if (values[id] === least && left > 0) left--;
    else values[id] = replacement;
  }
}

/** Keeps the likeliest tokens whose weights sum to at least topP of the total; the others' weights become 0. */
function keepNucleus(weights: Float64Array, total: number, topP: number): void {
  let count = 0;
  const candidates = new Float64Array(weights.length);
  for (let id = 0; id < weights.length; id++) if (weights[id] > 0) candidates[count++] = weights[id];
  const cut = cutLargest(candidates.subarray(0, count), "mass", topP * total);
  if (cut) keepLargest(weights, cut, 0);
}

/**
 * The next token. Order of the steps as in Transformers: repetition penalty, temperature, top-k, top-p. Of tokens that are
 * equally likely at the edge of top-k or top-p, those of lower id stay.
 *
 * @param logits [V], changed in place   @param seen ids of the prompt and of what was generated
 * @param draw the same draw under the same seed gives the same token
 * @throws NonFiniteLogitsError if a logit is NaN or +∞, or all are −∞
 */
export function sampleToken(
  logits: Float32Array,
  seen: ReadonlySet<number>,
  { temperature, topK, topP, repetitionPenalty, seed }: SamplingOptions,
  draw: Draw,
): number {
  if (repetitionPenalty !== 1) penalise(logits, seen, repetitionPenalty);
  const best = likeliest(logits, draw);
  if (temperature === 0) return best;
  const largest = logits[best];
  if (topK > 0 && topK < logits.length) {
    const cut = cutLargest(logits.slice(), "count", topK);
    if (cut) keepLargest(logits, cut, -Infinity);
  }
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let id = 0; id < logits.length; id++) {
    if (logits[id] > -Infinity) total += weights[id] = Math.exp((logits[id] - largest) / temperature);
  }
  if (topP < 1) {
    keepNucleus(weights, total, topP);
    total = 0;
    for (let id = 0; id < weights.length; id++) total += weights[id];
  }
  const [bits] = threefry2x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], draw);
  let rest = (bits / 2 ** 32) * total;
  let last = best;
  for (let id = 0; id < weights.length; id++) {
    if (weights[id] === 0) continue;
    rest -= weights[id];
    if (rest < 0) return id;
    last = id;
  }
  // Rounding may leave a little over.
  return last;
}
