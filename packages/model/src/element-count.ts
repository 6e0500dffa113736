/** How many elements a tensor of a shape has: one where the shape is empty. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}
