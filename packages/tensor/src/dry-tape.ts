import type * as tf from "@tensorflow/tfjs-core";
import type { Kept } from "./kept.js";
import { Tape } from "./tape.js";

/** A tape that notices what depends on what is watched and keeps nothing: for what is computed again before it is differentiated. */
export class DryTape extends Tape {
  override readonly keeps = false;

  override record(
    outputs: readonly tf.Tensor[],
    _inputs: readonly tf.Tensor[],
    saved: readonly Kept[],
  ): void {
    for (const kept of saved) kept.dispose();
    for (const output of outputs) this.track(output);
  }
}
