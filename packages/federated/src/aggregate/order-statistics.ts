/** The median; of an even number of values the mean of the two in the middle. The array is left sorted. */
export function median(values: Float64Array): number {
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** The mean without so many of the smallest and of the largest values. The array is left sorted. */
export function trimmedMean(values: Float64Array, cut: number): number {
  values.sort();
  let sum = 0;
  for (let i = cut; i < values.length - cut; i++) sum += values[i];
  return sum / (values.length - 2 * cut);
}
