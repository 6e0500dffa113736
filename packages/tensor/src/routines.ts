import * as tf from "@tensorflow/tfjs-core";

/** What one parameter's optimiser step reads and changes; all of one shape. */
export interface AdamWUpdate {
  /** Assigned its new value. */
  readonly variable: tf.Variable;
  /** Borrowed. */
  readonly gradient: tf.Tensor;
  /** First moment, assigned. */
  readonly first: tf.Variable;
  /** Second moment, assigned. */
  readonly second: tf.Variable;
}

/** Constants of one step of AdamW. */
export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Number of this step, 1 for the first. */
  readonly step: number;
  /** Factor on every gradient, e.g. from clipping. */
  readonly gradientScale: number;
}

/** Work over many tensors that is not differentiated. An engine may do it in one call. */
export interface Routines {
  /** One step of AdamW (arXiv:1711.05101) in PyTorch's form. */
  readonly adamW: (updates: readonly AdamWUpdate[], settings: AdamWSettings) => void;
  /**
   * sum + part of equal shapes. `sum` is given up: an engine may add to its memory where no other tensor has a share in it.
   * @returns kept, owned by the caller
   */
  readonly addInto: (sum: tf.Tensor, part: tf.Tensor) => tf.Tensor;
  /** Σ x² over all elements of all tensors. */
  readonly sumOfSquares: (tensors: readonly tf.Tensor[]) => number;
}

const portable: Routines = {
  adamW(updates, { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale }) {
    const stepSize = learningRate / (1 - beta1 ** step);
    const secondCorrection = 1 / Math.sqrt(1 - beta2 ** step);
    for (const { variable, gradient, first, second } of updates) {
      tf.tidy(() => {
        const g = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
        first.assign(tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1)));
        second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2)));
        const denominator = tf.add(tf.mul(tf.sqrt(second), secondCorrection), epsilon);
        const decayed = weightDecay === 0 ? variable : tf.mul(variable, 1 - learningRate * weightDecay);
        variable.assign(tf.sub(decayed, tf.mul(tf.div(first, denominator), stepSize)));
      });
    }
  },
  addInto(sum, part) {
    const total = tf.keep(tf.add(sum, part));
    sum.dispose();
    return total;
  },
  sumOfSquares(tensors) {
    if (tensors.length === 0) return 0;
    const squares = tf.tidy(() => tf.stack(tensors.map((tensor) => tf.sum(tf.square(tensor)))));
    let total = 0;
    for (const square of squares.dataSync()) total += square;
    squares.dispose();
    return total;
  },
};

const ofEngines = new Map<string, Routines>();

/** Gives an engine its own routines. @param backend name of the TensorFlow.js backend the engine runs on */
export function registerRoutines(backend: string, routines: Routines): void {
  ofEngines.set(backend, routines);
}

/** The routines in force: the engine's own, else the portable ones. */
export function routines(): Routines {
  return ofEngines.get(tf.getBackend()) ?? portable;
}
