import { threefry2x32 } from "@lathe/kernels";

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

function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

function penalise(logits: Float32Array, seen: Iterable<number>, penalty: number): void {
  for (const id of new Set(seen)) logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
}

/** The ids whose weight is at least the threshold, heaviest first. */
function heaviest(weights: Float64Array, threshold: number): Int32Array {
  const ids: number[] = [];
  for (let id = 0; id < weights.length; id++) if (weights[id] >= threshold) ids.push(id);
  return Int32Array.from(ids).sort((a, b) => weights[b] - weights[a] || a - b);
}

/** Ids that remain after top-k and then top-p, heaviest first. */
function nucleus(weights: Float64Array, topK: number, topP: number): Int32Array {
  const wanted = topK > 0 ? Math.min(topK, weights.length) : weights.length;
  const largest = weights.reduce((a, b) => Math.max(a, b), 0);
  const total = weights.reduce((a, b) => a + b, 0);
  // Sorting a vocabulary of 152K is in vain when a few tokens hold the mass: lower the bar until they suffice.
  for (let threshold = 1e-3 * largest; ; threshold *= 1e-3) {
    const ids = heaviest(weights, threshold < 1e-15 * largest ? 0 : threshold);
    const complete = ids.length === weights.length;
    if (topK > 0 && ids.length < wanted && !complete) continue;
    const kept = ids.subarray(0, wanted);
    // After top-k, probabilities are relative to the k that are left.
    const mass = topP * (topK > 0 ? kept.reduce((sum, id) => sum + weights[id], 0) : total);
    let sum = 0;
    for (let count = 0; count < kept.length; count++) {
      sum += weights[kept[count]];
      if (sum >= mass) return kept.subarray(0, count + 1);
    }
    if (complete || topK > 0) return kept;
  }
}

/**
 * The next token. Order of the steps as in Transformers: repetition penalty, temperature, top-k, top-p.
 *
 * @param logits [V], changed in place   @param seen ids of the prompt and of what was generated
 * @param draw number of the draw: sequence and step; the same draw under the same seed gives the same token
 */
export function sampleToken(
  logits: Float32Array,
  seen: Iterable<number>,
  options: SamplingOptions,
  draw: readonly [sequence: number, step: number],
): number {
  if (options.repetitionPenalty !== 1) penalise(logits, seen, options.repetitionPenalty);
  if (options.temperature === 0) return argmax(logits);
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - largest) / options.temperature));
  const all = options.topK === 0 && options.topP === 1;
  const ids = all ? Int32Array.from(weights.keys()) : nucleus(weights, options.topK, options.topP);
  const [bits] = threefry2x32([options.seed >>> 0, Math.floor(options.seed / 2 ** 32) >>> 0], draw);
  let rest = (bits / 2 ** 32) * ids.reduce((sum, id) => sum + weights[id], 0);
  for (const id of ids) {
    rest -= weights[id];
    if (rest < 0) return id;
  }
  return ids[ids.length - 1];
}
