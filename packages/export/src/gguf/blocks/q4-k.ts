import type { BlockFormat } from "./block-format.js";
import { halfAt, putHalf } from "./half.js";
import { nearestInteger } from "./nearest-integer.js";

const { fround } = Math;

const VALUES = 256;
const BYTES = 144;
const GROUP = 32;
const GROUPS = VALUES / GROUP;
const LARGEST = 15;
/** Where scales and minima of the groups stand, 6 bits each, and the codes. */
const SCALES = 4;
const CODES = 16;
/** Scales that are tried for a group. */
const STEPS = 20;
const FIRST_STEP = -1;
const STEP = fround(0.1);

/**
 * 256 numbers of 4 bits in groups of 32, each with a scale and a minimum of 6 bits, those with a float16 scale of the block.
 * Scale and minimum of a group are searched for by weighted least squares as llama.cpp does without an importance matrix, every
 * step in float32: the bytes are those of its reference where the compiler does not fuse products and sums.
 */
export const q4_k: BlockFormat = {
  id: 12,
  values: VALUES,
  bytes: BYTES,
  encode(source, target) {
    for (let at = 0, start = 0; start < source.length; at += BYTES, start += VALUES) {
      encodeBlock(source.subarray(start, start + VALUES), target.subarray(at, at + BYTES));
    }
  },
  decode(source, target) {
    for (let at = 0, start = 0; start < target.length; at += BYTES, start += VALUES) {
      const [scale, minimum] = [halfAt(source, at), halfAt(source, at + 2)];
      for (let group = 0; group < GROUPS; group++) {
        const [groupScale, groupMinimum] = groupScales(source, at + SCALES, group);
        const d = fround(scale * groupScale);
        const m = fround(minimum * groupMinimum);
        const codes = at + CODES + (group >>> 1) * GROUP;
        const shift = (group & 1) * 4;
        for (let i = 0; i < GROUP; i++) {
          target[start + group * GROUP + i] = fround(d * ((source[codes + i] >>> shift) & 15)) - m;
        }
      }
    }
  },
};

function encodeBlock(source: Float32Array, target: Uint8Array): void {
  target.fill(0);
  const scales = new Float32Array(GROUPS);
  const minima = new Float32Array(GROUPS);
  const searched: Uint8Array[] = [];
  for (let group = 0; group < GROUPS; group++) {
    const fitted = fitGroup(source.subarray(group * GROUP, (group + 1) * GROUP));
    scales[group] = fitted.scale;
    minima[group] = fitted.minimum;
    searched.push(fitted.codes);
  }
  const largestScale = scales.reduce((most, value) => Math.max(most, value), 0);
  const largestMinimum = minima.reduce((most, value) => Math.max(most, value), 0);
  const inverseScale = largestScale > 0 ? fround(63 / largestScale) : 0;
  const inverseMinimum = largestMinimum > 0 ? fround(63 / largestMinimum) : 0;
  const d = putHalf(target, 0, fround(largestScale / 63));
  const dMinimum = putHalf(target, 2, fround(largestMinimum / 63));
  for (let group = 0; group < GROUPS; group++) {
    const scale = Math.min(63, nearestInteger(fround(inverseScale * scales[group])));
    const minimum = Math.min(63, nearestInteger(fround(inverseMinimum * minima[group])));
    putGroupScales(target, group, scale, minimum);
    const step = fround(d * scale);
    const offset = fround(dMinimum * minimum);
    const codes = CODES + (group >>> 1) * GROUP;
    for (let i = 0; i < GROUP; i++) {
      // Codes that a step of zero makes meaningless stay as the search has left them.
      const code =
        step === 0
          ? searched[group][i]
          : nearestInteger(fround(fround(source[group * GROUP + i] + offset) / step));
      target[codes + i] |= Math.max(0, Math.min(LARGEST, code)) << ((group & 1) * 4);
    }
  }
}

/** Twelve bytes hold eight scales and eight minima: the first four of each in the low six bits, the rest around them. */
function putGroupScales(target: Uint8Array, group: number, scale: number, minimum: number): void {
  if (group < 4) {
    target[SCALES + group] |= scale;
    target[SCALES + group + 4] |= minimum;
    return;
  }
  target[SCALES + group + 4] = (scale & 15) | ((minimum & 15) << 4);
  target[SCALES + group - 4] |= (scale >>> 4) << 6;
  target[SCALES + group] |= (minimum >>> 4) << 6;
}

function groupScales(source: Uint8Array, at: number, group: number): [scale: number, minimum: number] {
  if (group < 4) return [source[at + group] & 63, source[at + group + 4] & 63];
  const low = source[at + group + 4];
  return [
    (low & 15) | ((source[at + group - 4] >>> 6) << 4),
    (low >>> 4) | ((source[at + group] >>> 6) << 4),
  ];
}

/** How a group is said in codes: code · scale − minimum. */
interface FittedGroup {
  /** From 0 on, as is the minimum. */
  readonly scale: number;
  readonly minimum: number;
  readonly codes: Uint8Array;
}

/** Scale and minimum of a group with the least weighted squared error of those tried. */
function fitGroup(x: Float32Array): FittedGroup {
  let squares = 0;
  for (const value of x) squares = fround(squares + fround(value * value));
  const typical = fround(Math.sqrt(fround(squares / GROUP)));
  const weights = x.map((value) => typical + Math.abs(value));
  let [low, high] = [0, x[0]];
  let [sumW, sumX] = [0, 0];
  for (let i = 0; i < GROUP; i++) {
    low = Math.min(low, x[i]);
    high = Math.max(high, x[i]);
    sumW = fround(sumW + weights[i]);
    sumX = fround(sumX + fround(weights[i] * x[i]));
  }
  const codes = new Uint8Array(GROUP);
  if (high === low) return { scale: 0, minimum: -low, codes };
  const tried = new Uint8Array(GROUP);
  const encodeWith = (inverse: number): void => {
    for (let i = 0; i < GROUP; i++) {
      const code = nearestInteger(fround(inverse * fround(x[i] - low)));
      tried[i] = Math.max(0, Math.min(LARGEST, code));
    }
  };
  const errorOf = (scale: number, minimum: number): number => {
    let error = 0;
    for (let i = 0; i < GROUP; i++) {
      const difference = fround(fround(fround(scale * tried[i]) + minimum) - x[i]);
      error = fround(error + fround(weights[i] * fround(difference * difference)));
    }
    return error;
  };
  const inverse = fround(LARGEST / fround(high - low));
  encodeWith(inverse);
  codes.set(tried);
  let scale = fround(1 / inverse);
  let least = errorOf(scale, low);
  for (let step = 0; step <= STEPS; step++) {
    // From the best minimum so far, not from the smallest number, as llama.cpp does.
    encodeWith(fround(fround(fround(FIRST_STEP + fround(STEP * step)) + LARGEST) / fround(high - low)));
    let [sumL, sumLL, sumXL] = [0, 0, 0];
    for (let i = 0; i < GROUP; i++) {
      const weighted = fround(weights[i] * tried[i]);
      sumL = fround(sumL + weighted);
      sumLL = fround(sumLL + fround(weighted * tried[i]));
      sumXL = fround(sumXL + fround(weighted * x[i]));
    }
    const determinant = fround(fround(sumW * sumLL) - fround(sumL * sumL));
    if (!(determinant > 0)) continue;
    let thisScale = fround(fround(fround(sumW * sumXL) - fround(sumX * sumL)) / determinant);
    let thisLow = fround(fround(fround(sumLL * sumX) - fround(sumL * sumXL)) / determinant);
    if (thisLow > 0) [thisScale, thisLow] = [fround(sumXL / sumLL), 0];
    const error = errorOf(thisScale, thisLow);
    if (!(error < least)) continue;
    [scale, low, least] = [thisScale, thisLow, error];
    codes.set(tried);
  }
  return { scale, minimum: -low, codes };
}
