/** Where the largest element is, of equals the first; the first NaN, if there is one. @param x not empty */
export function largestIndex(x: Float32Array): number {
  let best = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i];
    if (Number.isNaN(value)) return i;
    if (value > x[best]) best = i;
  }
  return best;
}
