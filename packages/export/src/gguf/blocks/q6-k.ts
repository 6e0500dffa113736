import type { BlockFormat } from "./block-format.js";
import { halfAt, putHalf } from "./half.js";
import { largest } from "./largest.js";
import { nearestInteger } from "./nearest-integer.js";

const { fround } = Math;

const VALUES = 256;
const BYTES = 210;
const GROUP = 16;
const GROUPS = VALUES / GROUP;
const HALF = 32;
/** Where the upper two bits of the codes, the scales of the groups and the scale of the block stand. */
const HIGH = 128;
const SCALES = 192;
const SCALE = 208;
/** A group of smaller numbers is zero. */
const NOTHING = fround(1e-15);
/** Scales that are tried to either side. */
const STEPS = 9;
const STEP = fround(0.1);

/**
 * 256 numbers of 6 bits around 32 in groups of 16, each with a scale of 8 bits, those with a float16 scale of the block. The scale
 * of a group is searched for by least squares as llama.cpp does without an importance matrix, every step in float32: the bytes are
 * those of its reference where the compiler does not fuse products and sums.
 */
export const q6_k: BlockFormat = {
  id: 14,
  values: VALUES,
  bytes: BYTES,
  encode(source, target) {
    for (let at = 0, start = 0; start < source.length; at += BYTES, start += VALUES) {
      encodeBlock(source.subarray(start, start + VALUES), target.subarray(at, at + BYTES));
    }
  },
  decode(source, target) {
    for (let at = 0, start = 0; start < target.length; at += BYTES, start += VALUES) {
      const scale = halfAt(source, at + SCALE);
      for (let i = 0; i < VALUES; i++) {
        const groupScale = (source[at + SCALES + Math.floor(i / GROUP)] << 24) >> 24;
        const [low, lowShift, high, highShift] = placeOf(i);
        const code = ((source[at + low] >>> lowShift) & 15) | (((source[at + high] >>> highShift) & 3) << 4);
        target[start + i] = fround(scale * groupScale) * (code - HALF);
      }
    }
  },
};

/** Where the lower four and the upper two bits of a code stand: a byte and a shift each. */
function placeOf(i: number): [low: number, lowShift: number, high: number, highShift: number] {
  const [part, quarter, place] = [i >>> 7, (i >>> 5) & 3, i & 31];
  return [part * 64 + (quarter & 1) * 32 + place, (quarter >>> 1) * 4, HIGH + part * 32 + place, quarter * 2];
}

function encodeBlock(source: Float32Array, target: Uint8Array): void {
  target.fill(0);
  const fitted = Array.from({ length: GROUPS }, (_, group) =>
    fitGroup(source.subarray(group * GROUP, (group + 1) * GROUP)),
  );
  const scales = Float32Array.from(fitted, ({ scale }) => scale);
  const most = largest(scales, 0, GROUPS);
  if (Math.abs(most) < NOTHING) return;
  const inverse = fround(-128 / most);
  const scale = putHalf(target, SCALE, fround(1 / inverse));
  for (let group = 0; group < GROUPS; group++) {
    const groupScale = Math.min(127, nearestInteger(fround(inverse * scales[group])));
    target[SCALES + group] = groupScale;
    const step = fround(scale * groupScale);
    for (let i = group * GROUP; i < (group + 1) * GROUP; i++) {
      // Codes that a step of zero makes meaningless stay as the search has left them.
      const code =
        step === 0
          ? searchedCode(fitted[group].inverse, source[i])
          : nearestInteger(fround(source[i] / step));
      const bits = Math.max(-HALF, Math.min(HALF - 1, code)) + HALF;
      const [low, lowShift, high, highShift] = placeOf(i);
      target[low] |= (bits & 15) << lowShift;
      target[high] |= (bits >>> 4) << highShift;
    }
  }
}

/** A group without numbers has the lowest codes. */
const searchedCode = (inverse: number, value: number): number =>
  inverse === 0 ? -HALF : wholeBelow(inverse * value);

const wholeBelow = (value: number): number =>
  Math.max(-HALF, Math.min(HALF - 1, nearestInteger(fround(value))));

/**
 * The scale of a group with the least error, each number weighted by its square, and the factor that makes its codes; 0
 * both for a group without numbers.
 */
function fitGroup(x: Float32Array): { readonly scale: number; readonly inverse: number } {
  const most = largest(x, 0, GROUP);
  if (Math.abs(most) < NOTHING) return { scale: 0, inverse: 0 };
  const sumsWith = (inverse: number): [sumXL: number, sumLL: number] => {
    let [sumXL, sumLL] = [0, 0];
    for (let i = 0; i < GROUP; i++) {
      const code = wholeBelow(inverse * x[i]);
      const weight = fround(x[i] * x[i]);
      sumXL = fround(sumXL + fround(fround(weight * x[i]) * code));
      sumLL = fround(sumLL + fround(fround(weight * code) * code));
    }
    return [sumXL, sumLL];
  };
  let inverse = fround(-HALF / most);
  const [sumXL, sumLL] = sumsWith(inverse);
  let scale = sumLL === 0 ? 0 : fround(sumXL / sumLL);
  let best = fround(scale * sumXL);
  for (let step = -STEPS; step <= STEPS; step++) {
    if (step === 0) continue;
    const tried = fround(-fround(HALF + fround(STEP * step)) / most);
    const [xl, ll] = sumsWith(tried);
    if (!(ll > 0 && fround(xl * xl) > fround(best * ll))) continue;
    inverse = tried;
    scale = fround(xl / ll);
    best = fround(scale * xl);
  }
  return { scale, inverse };
}
