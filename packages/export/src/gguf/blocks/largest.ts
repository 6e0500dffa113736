/** The number of the largest magnitude among `count` from `start` on, with its sign; of equals the first. */
export function largest(source: Float32Array, start: number, count: number): number {
  let [magnitude, value] = [0, 0];
  for (let i = start; i < start + count; i++) {
    const size = Math.abs(source[i]);
    if (size > magnitude) [magnitude, value] = [size, source[i]];
  }
  return value;
}
