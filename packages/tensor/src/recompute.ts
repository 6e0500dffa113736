import * as tf from "@tensorflow/tfjs-core";
import { DryTape } from "./dry-tape.js";
import { OutsideTensorError } from "./errors.js";
import { keeping } from "./kept.js";
import { activeDropoutKey, activeTape, withDropout, withTape } from "./scope.js";
import { Tape } from "./tape.js";

/** A dry tape within another: what the outer one tracks may only come in as an input. */
class InnerDryTape extends DryTape {
  readonly #outer: Tape;
  readonly #own: ReadonlySet<number>;

  constructor(outer: Tape, inputs: readonly tf.Tensor[]) {
    super(outer.watched);
    this.#outer = outer;
    this.#own = new Set(inputs.map((input) => input.id));
    for (const input of inputs) if (outer.isTracked(input)) this.track(input);
  }

  override isTracked(tensor: tf.Tensor): boolean {
    if (super.isTracked(tensor)) return true;
    if (this.#outer.isTracked(tensor) && !this.#own.has(tensor.id)) {
      throw new OutsideTensorError(tensor.shape);
    }
    return false;
  }
}

/**
 * Runs a block and keeps only its inputs; the pullback runs the block again, so activations inside it cost a second
 * forward pass instead of memory (Chen et al., arXiv:1604.06174). Dropout masks are the same in both runs.
 *
 * The block may use watched variables freely, but no other tensor of the enclosing computation.
 *
 * @param block called with `inputs` and, later, with tensors of equal values
 * @returns the block's output; the caller owns it
 * @throws OutsideTensorError where it does
 */
export function recompute<Output extends tf.Tensor>(
  block: (...inputs: tf.Tensor[]) => Output,
  ...inputs: tf.Tensor[]
): Output {
  const outer = activeTape();
  if (!outer) return tf.tidy(() => block(...inputs));

  const dropoutKey = activeDropoutKey();
  const dry = new InnerDryTape(outer, inputs);
  const output = withTape(dry, () => tf.tidy(() => block(...inputs)));
  if (!dry.isTracked(output)) return output;

  const saved = keeping((keep) => {
    keep(output);
    return inputs.map((input) => keep(tf.keep(input.clone())));
  });
  outer.record([output], inputs, saved, ([gradient], needed, accumulate) => {
    const tape = new Tape(outer.watched);
    saved.forEach((input, index) => {
      if (needed[index]) tape.watch(input);
    });
    const sums: (tf.Tensor | null)[] = saved.map(() => null);
    try {
      const again = withDropout(dropoutKey, () => withTape(tape, () => tf.tidy(() => block(...saved))));
      tape.backward(again, gradient as tf.Tensor, (tensor, part) => {
        const index = saved.indexOf(tensor);
        if (index < 0) {
          accumulate(tensor, part);
          return;
        }
        const sum = sums[index];
        sums[index] = sum ? tf.add(sum, part) : part.clone();
        sum?.dispose();
      });
    } finally {
      tape.dispose();
    }
    return sums;
  });
  return output;
}
