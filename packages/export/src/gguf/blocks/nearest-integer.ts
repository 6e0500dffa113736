const { fround } = Math;

/** 1.5 · 2²³: float32 numbers of that size have no fraction, so that adding it rounds to a whole number. */
const WHOLE = 12_582_912;

/** A float32 number below 2²² to the nearest whole one, halves to even, as llama.cpp rounds. */
export const nearestInteger = (value: number): number => fround(value + WHOLE) - WHOLE;
