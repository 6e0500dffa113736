import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "./engine.js";
import { linear } from "./operations/linear.js";
import { withTape } from "./scope.js";
import { Tape } from "./tape.js";

/** Rows of the product that is timed. */
const ROWS = 256;

/** Inputs and outputs of it at most: larger ones are no faster. */
const LARGEST_SIDE = 2048;

/** The fastest of so many counts: others are disturbed. */
const REPEATS = 4;

/**
 * Operations a second that products of the engine in use reach here: with a square matrix in float32, forward and for the gradient
 * of its input. Takes some tens of milliseconds.
 * @param side inputs and outputs, up to 2048
 */
export function productRate(engine: Engine, side: number): number {
  const size = Math.min(LARGEST_SIDE, side);
  const x: tf.Tensor2D = tf.fill([ROWS, size], 0.5);
  const weight: tf.Tensor2D = tf.fill([size, size], 0.25);
  let best = Number.POSITIVE_INFINITY;
  try {
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const tape = new Tape([x]);
      const started = performance.now();
      const y = withTape(tape, () => linear(x, weight, null, engine.weightLayout));
      const seed = tf.onesLike(y);
      tape.backward(y, seed, (_variable, gradient) => void gradient.dataSync());
      best = Math.min(best, performance.now() - started);
      tape.dispose();
      tf.dispose([y, seed]);
    }
  } finally {
    tf.dispose([x, weight]);
  }
  return (2 * 2 * ROWS * size * size) / (best / 1000);
}
