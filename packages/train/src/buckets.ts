import type * as tf from "@tensorflow/tfjs-core";

/** Values that travel at once: 64 MiB of them. */
const BUCKET_VALUES = 2 ** 24;

/** Parts a list so that what travels at once stays small; a variable is in one of them whole. */
export function bucketsOf(variables: readonly tf.Variable[]): tf.Variable[][] {
  const parted: tf.Variable[][] = [];
  let values = Number.POSITIVE_INFINITY;
  for (const variable of variables) {
    if (values + variable.size > BUCKET_VALUES) {
      parted.push([]);
      values = 0;
    }
    parted[parted.length - 1].push(variable);
    values += variable.size;
  }
  return parted;
}
