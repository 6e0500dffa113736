import { engineInUse } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { BUCKET_VALUES, type Piece } from "./buckets.js";

/** Memory in which values travel between ranks, used again by the next: a bucket's worth each time would wait for the garbage collector. */
export class TravelMemory {
  #values = new Float32Array(0);

  /** Room for so many values, whatever is in it; what was taken before is given up. */
  take(length: number): Float32Array {
    if (this.#values.length < length) this.#values = new Float32Array(length);
    return this.#values.subarray(0, length);
  }
}

/**
 * Copies pieces one after the other out of tensors.
 * @param tensorOf what has the numbers of a variable; zeros are put where nothing has
 * @param values as long as the pieces are
 */
export function readPieces(
  pieces: readonly Piece[],
  tensorOf: (variable: tf.Variable) => tf.Tensor | null,
  values: Float32Array,
): void {
  let place = 0;
  for (const { variable, start, end } of pieces) {
    const part = values.subarray(place, place + end - start);
    const tensor = tensorOf(variable);
    if (tensor) engineInUse().routines.read(tensor, start, part);
    else part.fill(0);
    place += part.length;
  }
}

/**
 * Copies numbers of one tensor into a variable, a bucket at a time.
 * @param start of what is copied, in the tensor; it fills the variable
 */
export function copyNumbers(
  tensor: tf.Tensor,
  start: number,
  variable: tf.Variable,
  memory: TravelMemory,
): void {
  const { read, write } = engineInUse().routines;
  for (let place = 0; place < variable.size; place += BUCKET_VALUES) {
    const values = memory.take(Math.min(BUCKET_VALUES, variable.size - place));
    read(tensor, start + place, values);
    write(variable, place, values);
  }
}

/** A variable of zeros that nobody trains: room that can be written to in parts. */
export const emptyVariable = (shape: readonly number[]): tf.Variable =>
  tf.tidy(() => tf.variable(tf.fill([...shape], 0, "float32"), false));
