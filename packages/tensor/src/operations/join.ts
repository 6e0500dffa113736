import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";
import type { MatrixAxis } from "./split.js";

interface JoinAttributes {
  readonly sizes: readonly number[];
  readonly axis: MatrixAxis;
}

export const joinOperation: Operation<JoinAttributes> = {
  name: "join",
  forward: (parts, { axis }) => ({ output: tf.concat([...parts], axis), saved: [] }),
  pullback: (gradient, _saved, { sizes, axis }, needed) =>
    tf.split(gradient, [...sizes], axis).map((part, index) => (needed[index] ? part : null)),
};

/**
 * Lays matrices one after the other.
 *
 * @param parts at least one, of equal sizes but along the axis
 * @returns [Σ N, C] along axis 0, [N, Σ C] along axis 1, owned by the caller
 * @throws ShapeError
 */
export function join(parts: readonly tf.Tensor2D[], axis: MatrixAxis): tf.Tensor2D {
  const other = axis === 0 ? 1 : 0;
  const across = parts.at(0)?.shape[other];
  for (const { rank, shape } of parts) {
    if (rank !== 2 || shape[other] !== across) {
      throw new ShapeError("join", axis === 0 ? `parts [N, ${across}]` : `parts [${across}, C]`, shape);
    }
  }
  if (parts.length === 0) throw new ShapeError("join", "at least one part", [0]);
  const sizes = parts.map(({ shape }) => shape[axis]);
  return apply(joinOperation, parts, { sizes, axis }) as tf.Tensor2D;
}
