import { type DynamicCode, dynamicCode } from "./dynamic-code.js";

/** Elements that share a scale. */
export const MOMENT_BLOCK = 256;

/** A moment in 8 bits: codes, and the largest magnitude of every block of {@link MOMENT_BLOCK} elements. */
export interface PackedMoment {
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
}

/** How the numbers of moments are stored, over the largest magnitude of their block: those of second ones have no sign. */
export interface MomentCodes {
  readonly first: DynamicCode;
  readonly second: DynamicCode;
}

/** The codes of every {@link PackedMoment}. */
export const momentCodes: MomentCodes = { first: dynamicCode(true), second: dynamicCode(false) };

/** A moment of zeros. */
export function emptyMoment(length: number, which: "first" | "second"): PackedMoment {
  return {
    codes: new Uint8Array(length).fill(momentCodes[which].encode(0)),
    scales: new Float32Array(Math.ceil(length / MOMENT_BLOCK)),
  };
}
