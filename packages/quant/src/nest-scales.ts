import { type NestedScales, NF4_SCALE_GROUP } from "@lathe/kernels";
import { inverse } from "./inverse.js";

/** Decimal exponents of {@link DYNAMIC_MAP}; the fraction has one bit more for each that is not needed. */
const EXPONENTS = 7;

/**
 * What the 256 codes of a scale stand for, rising from −0.993 to 1: the signed dynamic map of bitsandbytes, in which
 * leading zero bits are a decimal exponent and the bits after them a fraction (8-bit optimisers, arXiv:2110.02861, §1.3).
 * Shared by all matrices and not to be changed.
 */
export const DYNAMIC_MAP: Float32Array = dynamicMap();

function dynamicMap(): Float32Array {
  const values = [0, 1];
  for (let bits = 0; bits < EXPONENTS; bits++) {
    const count = 2 ** bits;
    const borders = Float32Array.from({ length: count + 1 }, (_, i) => spaced(i, count));
    const power = Math.fround(10 ** (bits - EXPONENTS + 1));
    for (let i = 0; i < count; i++) {
      const mean = Math.fround(borders[i] + borders[i + 1]) / 2;
      values.push(power * mean, -power * mean);
    }
  }
  return Float32Array.from(values).sort();
}

/**
 * Number i of 0…count evenly spaced ones from 0.1 to 1. The step is a float32, and counted from the nearer end, as
 * PyTorch does it: the map then has the bits that folders by other writers hold.
 */
function spaced(i: number, count: number): number {
  const start = Math.fround(0.1);
  const step = Math.fround((1 - start) / count);
  return i < Math.floor((count + 1) / 2) ? start + step * i : 1 - step * (count - i);
}

/** Where the next higher value of the map comes nearer. */
const BORDERS = Float64Array.from(
  { length: DYNAMIC_MAP.length - 1 },
  (_, code) => (DYNAMIC_MAP[code] + DYNAMIC_MAP[code + 1]) / 2,
);

/** The code of the nearest value of the map, the lower one of two as near. */
function nearestCode(value: number): number {
  let [low, high] = [0, BORDERS.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > BORDERS[middle]) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Quantises scales of blocks in their turn ("double quantisation", arXiv:2305.14314, §3): their mean is taken off, and
 * 256 deviations share a float32 scale, the largest magnitude among them, with 8 bits each.
 *
 * Lost: |s − ŝ| ≤ 0.0071 · largest deviation of the group, half the widest gap of the map, and float32 rounding.
 * @param scales finite, one a block
 */
export function nestScales(scales: Float32Array): NestedScales {
  const sum = scales.reduce((total, scale) => total + scale, 0);
  const offset = scales.length === 0 ? 0 : Math.fround(sum / scales.length);
  const codes = new Uint8Array(scales.length);
  const groups = new Float32Array(Math.ceil(scales.length / NF4_SCALE_GROUP));
  for (let group = 0; group < groups.length; group++) {
    const start = group * NF4_SCALE_GROUP;
    const deviations = scales.slice(start, start + NF4_SCALE_GROUP).map((scale) => scale - offset);
    const largest = deviations.reduce((most, deviation) => Math.max(most, Math.abs(deviation)), 0);
    groups[group] = largest;
    const factor = largest > 0 ? inverse(largest) : 0;
    deviations.forEach((deviation, i) => {
      codes[start + i] = nearestCode(Math.fround(deviation * factor));
    });
  }
  return { codes, scales: groups, map: DYNAMIC_MAP, offset };
}

/** Scales of some blocks as float32, rounded as kernels round. @returns one a block of [start, end) */
export function widenNestedScales(
  { codes, scales, map, offset }: NestedScales,
  start: number,
  end: number,
): Float32Array {
  const target = new Float32Array(end - start);
  for (let block = start; block < end; block++) {
    const deviation = Math.fround(scales[Math.floor(block / NF4_SCALE_GROUP)] * map[codes[block]]);
    target[block - start] = offset + deviation;
  }
  return target;
}
