/** Sum of the squares of all elements of all tensors, in double: its root is their global norm. */
export function sumOfSquares(tensors: readonly Float32Array[]): number {
  let sum = 0;
  for (const tensor of tensors) {
    for (let i = 0; i < tensor.length; i++) sum += tensor[i] * tensor[i];
  }
  return sum;
}
