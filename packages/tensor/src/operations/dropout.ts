import { dropoutMask, threefry2x32 } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import type { MaskKey } from "../fused-kernels.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";
import { activeDropoutKey, type DropoutKey } from "../scope.js";

/** Which columns of a wider matrix a matrix is: its mask is then those columns of the mask of the whole. */
export interface DropoutWindow {
  /** Columns of the whole. */
  readonly width: number;
  /** The first column that is here. */
  readonly start: number;
}

interface DropoutAttributes {
  readonly rate: number;
  readonly key: MaskKey;
}

function mask(shape: number[], { rate, key }: DropoutAttributes): tf.Tensor {
  const factors = new Float32Array(tf.util.sizeFromShape(shape));
  dropoutMask(factors, key, rate);
  return tf.tensor(factors, shape);
}

interface WindowAttributes extends DropoutAttributes {
  readonly window: DropoutWindow;
}

function windowMask(shape: readonly number[], { window, ...attributes }: WindowAttributes): tf.Tensor {
  const [rows, columns] = shape;
  return tf.slice(mask([rows, window.width], attributes), [0, window.start], [rows, columns]);
}

const windowedDropoutOperation: Operation<WindowAttributes> = {
  name: "windowedDropout",
  forward: ([x], attributes) => ({ output: tf.mul(x, windowMask(x.shape, attributes)), saved: [] }),
  pullback: (gradient, _saved, attributes) => [tf.mul(gradient, windowMask(gradient.shape, attributes))],
};

export const dropoutOperation: Operation<DropoutAttributes> = {
  name: "dropout",
  forward: ([x], attributes) => ({ output: tf.mul(x, mask(x.shape, attributes)), saved: [] }),
  // Drawn again rather than kept: the mask depends on its key alone.
  pullback: (gradient, _saved, attributes) => [tf.mul(gradient, mask(gradient.shape, attributes))],
};

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}

function fold({ seed, step, microBatch }: DropoutKey, site: string): [number, number] {
  const run = threefry2x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], [step, microBatch]);
  return threefry2x32(run, [hash(site), 0]);
}

/** The key of the mask of a place in the model, or null outside `withDropout`. */
export function dropoutMaskKey(site: string): MaskKey | null {
  const dropoutKey = activeDropoutKey();
  return dropoutKey && fold(dropoutKey, site);
}

/**
 * Inverted dropout (arXiv:1207.0580): zero with probability `rate`, else x / (1 − rate). Outside {@link withDropout}
 * the input passes unchanged.
 *
 * @param site names the place in the model, e.g. a layer's path; places draw different masks
 * @param window where x is some columns [N, C] of a wider matrix: what is dropped is what would be of that
 * @returns a new tensor, owned by the caller
 */
export function dropout<Input extends tf.Tensor>(
  x: Input,
  rate: number,
  site: string,
  window?: DropoutWindow,
): Input {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: expected a rate in [0, 1), got ${rate}`);
  const key = rate === 0 ? null : dropoutMaskKey(site);
  if (key && window) return apply(windowedDropoutOperation, [x], { rate, key, window }) as Input;
  return key ? (apply(dropoutOperation, [x], { rate, key }) as Input) : identity(x);
}

const identityOperation: Operation<null> = {
  name: "identity",
  forward: ([x]) => ({ output: x.clone(), saved: [] }),
  pullback: (gradient) => [gradient.clone()],
};

function identity<Input extends tf.Tensor>(x: Input): Input {
  return apply(identityOperation, [x], null) as Input;
}
