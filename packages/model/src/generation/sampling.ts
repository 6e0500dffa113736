import { threefry2x32 } from "@lathe/kernels";
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

/** The id of the largest logit, of equals the first. −∞ rules a token out; one logit at least must be finite. */
function likeliest(logits: Float32Array, [sequence, step]: Draw): number {
  const best = engineInUse().largestIndex(logits);
  if (!Number.isFinite(logits[best])) throw new NonFiniteLogitsError(sequence, step, best, logits[best]);
  return best;
}

/** Ids of the k largest logits in ascending order; of those equal to the least, the first. */
function largestIds(logits: Float32Array, k: number): Int32Array {
  const heap = Int32Array.from({ length: k }, (_, id) => id);
  /** Whether a is to leave before b: the smaller, of equals the later. */
  const leavesBefore = (a: number, b: number): boolean =>
    logits[a] < logits[b] || (logits[a] === logits[b] && a > b);
  // The root leaves before all others.
  const sink = (start: number): void => {
    const id = heap[start];
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= k) break;
      if (child + 1 < k && leavesBefore(heap[child + 1], heap[child])) child++;
      if (!leavesBefore(heap[child], id)) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = id;
  };
  for (let place = (k >>> 1) - 1; place >= 0; place--) sink(place);
  let least = logits[heap[0]];
  for (let id = k; id < logits.length; id++) {
    if (logits[id] <= least) continue;
    heap[0] = id;
    sink(0);
    least = logits[heap[0]];
  }
  return heap.sort();
}

/** The largest values down to the least that is needed, and how many of the values equal to it. */
interface Cut {
  readonly least: number;
  readonly equals: number;
}

const middle = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

/**
 * Where to cut so that the largest values together sum to at least what is needed. Divides around a pivot and goes on in
 * the part that holds the cut, so a vocabulary is never sorted.
 *
 * @param values positive; their order changes
 * @returns null where all values together sum to less
 */
function cutLargest(values: Float64Array, needed: number): Cut | null {
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
        sumAbove += value;
        values[i++] = values[above];
        values[above++] = value;
      } else if (value < pivot) {
        values[i] = values[--below];
        values[below] = value;
      } else {
        i++;
      }
    }
    if (above > start && sumAbove >= needed) {
      end = above;
    } else if (sumAbove + (below - above) * pivot >= needed) {
      return { least: pivot, equals: Math.max(1, Math.ceil((needed - sumAbove) / pivot)) };
    } else {
      needed -= sumAbove + (below - above) * pivot;
      start = below;
    }
  }
  return null;
}

/** Memory to work in, kept: a vocabulary's worth a token would keep the garbage collector busy. */
const rooms = { weights: new Float64Array(), candidates: new Float64Array() };

function roomFor(name: keyof typeof rooms, length: number): Float64Array {
  if (rooms[name].length < length) rooms[name] = new Float64Array(length);
  return rooms[name].subarray(0, length);
}

/**
 * Keeps the likeliest tokens whose weights sum to at least topP of the total; the others' weights become 0.
 * @returns the sum of those that stay
 */
function keepNucleus(weights: Float64Array, total: number, topP: number): number {
  // Tokens of less than this share sum to half of what may be left out, so the cut is above them.
  const negligible = (0.5 * (1 - topP) * total) / weights.length;
  const candidates = roomFor("candidates", weights.length);
  let count = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] > negligible) candidates[count++] = weights[i];
  }
  const cut = cutLargest(candidates.subarray(0, count), topP * total);
  if (!cut) return total;
  let left = cut.equals; // of those equal to the least, the first stay
  let kept = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] > cut.least || (weights[i] === cut.least && left-- > 0)) kept += weights[i];
    else weights[i] = 0;
  }
  return kept;
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
  const ids = topK > 0 && topK < logits.length ? largestIds(logits, topK) : null;
  const chosen = ids ? Float32Array.from(ids, (id) => logits[id]) : logits;
  const largest = logits[best];
  const weights = roomFor("weights", chosen.length);
  let total = 0;
  for (let i = 0; i < chosen.length; i++) {
    total += weights[i] = Math.exp((chosen[i] - largest) / temperature);
  }
  if (topP < 1) total = keepNucleus(weights, total, topP);
  const [bits] = threefry2x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], draw);
  let rest = (bits / 2 ** 32) * total;
  let last = -1;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    rest -= weights[i];
    last = i;
    if (rest < 0) break;
  }
  // Rounding may leave a little over: then it is the last one that could be drawn.
  return ids ? ids[last] : last;
}
