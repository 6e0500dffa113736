import * as tf from "@tensorflow/tfjs-core";
import type { WeightLayout } from "../engine.js";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";
import { product } from "../product.js";

interface LinearAttributes {
  readonly layout: WeightLayout;
}

export const linearOperation: Operation<LinearAttributes> = {
  name: "linear",
  forward([x, weight, bias], { layout }, [needsX, needsWeight]) {
    const y = product(x as tf.Tensor2D, weight as tf.Tensor2D, false, layout === "OI");
    return { output: bias ? tf.add(y, bias) : y, saved: [needsWeight ? x : null, needsX ? weight : null] };
  },
  pullback(gradient, [x, weight], { layout }, [needsX, needsWeight, needsBias]) {
    const dy = gradient as tf.Tensor2D;
    const input = x as tf.Tensor2D;
    const dWeight = (): tf.Tensor2D =>
      layout === "IO" ? product(input, dy, true) : product(dy, input, true);
    return [
      needsX ? product(dy, weight as tf.Tensor2D, false, layout === "IO") : null,
      needsWeight ? dWeight() : null,
      needsBias ? tf.sum(dy, 0) : null,
    ];
  },
};

/**
 * y = x W + b.
 *
 * Axes: N rows, I inputs, O outputs.
 * @param x [N, I]
 * @param weight [I, O] in layout `"IO"` (the default), or [O, I] in layout `"OI"`; see `weightLayout` of an engine
 * @param bias [O], optional
 * @returns [N, O], owned by the caller
 * @throws ShapeError
 */
export function linear(
  x: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias?: tf.Tensor1D | null,
  layout: WeightLayout = "IO",
): tf.Tensor2D {
  const [inFeatures, outFeatures] = layout === "IO" ? weight.shape : [weight.shape[1], weight.shape[0]];
  if (x.rank !== 2 || x.shape[1] !== inFeatures)
    throw new ShapeError("linear", `x [N, ${inFeatures}]`, x.shape);
  if (bias && (bias.rank !== 1 || bias.shape[0] !== outFeatures)) {
    throw new ShapeError("linear", `bias [${outFeatures}]`, bias.shape);
  }
  return apply(linearOperation, bias ? [x, weight, bias] : [x, weight], { layout }) as tf.Tensor2D;
}
