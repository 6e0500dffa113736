import { dynamicCode, type NestedScales, NF4_SCALE_GROUP } from "@lathe/kernels";
import { inverse } from "./inverse.js";

const code = dynamicCode(true);

/**
 * What the 256 codes of a scale stand for, rising from −0.993 to 1: the signed dynamic map of bitsandbytes. Shared by all matrices and
 * not to be changed.
 */
export const DYNAMIC_MAP: Float32Array = code.values;

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
      codes[start + i] = code.encode(Math.fround(deviation * factor));
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
