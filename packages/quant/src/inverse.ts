/** 1 / x in float32, as other implementations of nf4 have it; in double where float32 has no such number. @param x above 0 */
export function inverse(x: number): number {
  const rounded = Math.fround(1 / x);
  return rounded < Infinity ? rounded : 1 / x;
}
