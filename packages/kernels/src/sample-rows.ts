import { largestIndex } from "./largest-index.js";

/** Numbers of a row in the choices of {@link sampleRows}: temperature, topK, topP and the place of the draw. */
export const SAMPLING_NUMBERS = 4;

/** Below it a token has no weight: there float64 runs out of normal numbers. */
const LEAST_EXPONENT = -708;

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

function sampledId(
  logits: Float32Array,
  temperature: number,
  topK: number,
  topP: number,
  place: number,
): number {
  const best = largestIndex(logits);
  if (!Number.isFinite(logits[best])) return -1 - best;
  if (temperature === 0) return best;
  const ids = topK > 0 && topK < logits.length ? largestIds(logits, topK) : null;
  const chosen = ids ? Float32Array.from(ids, (id) => logits[id]) : logits;
  const largest = logits[best];
  const weights = roomFor("weights", chosen.length);
  let total = 0;
  for (let i = 0; i < chosen.length; i++) {
    const exponent = (chosen[i] - largest) / temperature;
    total += weights[i] = exponent < LEAST_EXPONENT ? 0 : Math.exp(exponent);
  }
  if (topP < 1) total = keepNucleus(weights, total, topP);
  let rest = place * total;
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

/**
 * Draws a token for each row of logits, from the softmax of the logits over the temperature, cut to topK and then to topP. Of tokens
 * that are equally likely at the edge of either, those of lower id stay.
 *
 * @param logits [N, V]; −∞ rules a token out
 * @param choices [N, `SAMPLING_NUMBERS`]: the temperature, 0 for the likeliest token, of equals the first; topK, 0 for all; topP in
 *   (0, 1]; and in [0, 1) the place of the draw among the tokens that are left, in the order of their ids, by their probabilities
 * @param ids [N], the tokens; −1 − id where the logit of id is NaN or +∞, or where all are −∞
 */
export function sampleRows(logits: Float32Array, choices: Float64Array, ids: Int32Array): void {
  const vocabulary = logits.length / ids.length;
  for (let row = 0; row < ids.length; row++) {
    const [temperature, topK, topP, place] = choices.subarray(row * SAMPLING_NUMBERS);
    const ofRow = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
    ids[row] = sampledId(ofRow, temperature, topK, topP, place);
  }
}
