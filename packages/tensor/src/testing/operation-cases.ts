import { ZeroMask } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import {
  activeTape,
  add,
  attention,
  type AttentionShape,
  crossEntropy,
  crossEntropyHead,
  dropout,
  embedding,
  embeddingNoise,
  exactLinear,
  expertWeights,
  fromTfjs,
  join,
  linear,
  multiplyRows,
  recompute,
  regularisedCrossEntropy,
  reorderColumns,
  reshape,
  rmsNorm,
  rope,
  rotaryAngles,
  scale,
  scaleRows,
  split,
  sumRows,
  swiglu,
  Tape,
  withDropout,
  withTape,
} from "../index.js";
import type { Operation } from "../kernel.js";
import {
  addOperation,
  multiplyOperation,
  reshapeOperation,
  scaleOperation,
} from "../operations/arithmetic.js";
import { attentionOperation } from "../operations/attention.js";
import { crossEntropyOperation } from "../operations/cross-entropy.js";
import { dropoutOperation } from "../operations/dropout.js";
import { maskedUpdate, maskedUpdateOperation } from "../operations/masked-update.js";
import { embeddingNoiseOperation } from "../operations/embedding-noise.js";
import { embeddingOperation } from "../operations/embedding.js";
import { exactLinearOperation } from "../operations/exact-linear.js";
import { joinOperation } from "../operations/join.js";
import { reorderColumnsOperation } from "../operations/reorder-columns.js";
import { scaleRowsOperation } from "../operations/scale-rows.js";
import { linearOperation } from "../operations/linear.js";
import { regularisedCrossEntropyOperation } from "../operations/regularised-cross-entropy.js";
import { rmsNormOperation } from "../operations/rms-norm.js";
import { ropeOperation } from "../operations/rope.js";
import { swigluOperation } from "../operations/swiglu.js";

const angles = rotaryAngles(Int32Array.of(0, 1, 2, 0, 1, 7), Float64Array.of(1, 0.1));
const shape: AttentionShape = {
  headCount: 4,
  keyValueHeadCount: 2,
  keySize: 4,
  valueSize: 4,
  scale: 0.5,
  // An empty sequence, one of a single row, one whose queries are the last two of three keys, and keys without a query.
  querySegments: Int32Array.of(0, 3, 3, 4, 6, 6),
  keySegments: Int32Array.of(0, 3, 3, 4, 7, 9),
};
const regularised = { labelSmoothing: 0.2, zLoss: 0.05 };
const dropoutKey = { seed: 3, step: 2, microBatch: 1 };

/** Two of five experts for each of four tokens. */
const chosen = Int32Array.of(0, 4, 2, 1, 4, 3, 1, 2);

/** Zeros of a matrix [4, 6]: a whole row, and some of the others. */
const zeros = ZeroMask.of(
  Float32Array.from({ length: 24 }, (_, i) => (i < 6 || i % 5 === 0 ? 0 : 1)),
  [4, 6],
);

/** An operation with inputs for it. */
export interface OperationCase {
  readonly name: string;
  readonly inputs: () => tf.Tensor[];
  readonly run: (...inputs: never[]) => tf.Tensor;
  /** The operation in portable form and its attributes, where it is a single one. */
  readonly portable?: readonly [Operation<never>, unknown];
}

/** Every differentiable operation of this package, with inputs that are drawn each time. @param floats a seeded generator */
export function operationCases(floats: (length: number) => Float32Array): readonly OperationCase[] {
  const random = (...shape: number[]): tf.Tensor =>
    tf.tensor(floats(shape.reduce((a, b) => a * b, 1)), shape);
  return [
    {
      name: "linear, weight [I, O], bias",
      inputs: () => [random(5, 3), random(3, 4), random(4)],
      run: (x: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor1D) => linear(x, w, b),
      portable: [linearOperation, { layout: "IO" }],
    },
    {
      name: "linear, weight [O, I], one row",
      inputs: () => [random(1, 7), random(2, 7)],
      run: (x: tf.Tensor2D, w: tf.Tensor2D) => linear(x, w, null, "OI"),
      portable: [linearOperation, { layout: "OI" }],
    },
    {
      name: "exactLinear",
      inputs: () => [random(5, 7), random(3, 7)],
      run: (x: tf.Tensor2D, w: tf.Tensor2D) => exactLinear(x, w),
      portable: [exactLinearOperation, null],
    },
    {
      name: "join, rows",
      inputs: () => [random(2, 3), random(1, 3), random(4, 3)],
      run: (...parts: tf.Tensor2D[]) => join(parts, 0),
      portable: [joinOperation, { sizes: [2, 1, 4], axis: 0 }],
    },
    {
      name: "join, columns",
      inputs: () => [random(3, 2), random(3, 5)],
      run: (...parts: tf.Tensor2D[]) => join(parts, 1),
      portable: [joinOperation, { sizes: [2, 5], axis: 1 }],
    },
    {
      name: "split, one part left out",
      inputs: () => [random(3, 7)],
      run: (x: tf.Tensor2D) => {
        const [first, , last] = split(x, [2, 4, 1], 1);
        return join([last, first], 1);
      },
    },
    {
      name: "reorderColumns",
      inputs: () => [random(3, 4)],
      run: (x: tf.Tensor2D) => reorderColumns(x, Int32Array.of(2, 0, 3, 1)),
      portable: [reorderColumnsOperation, { order: Int32Array.of(2, 0, 3, 1) }],
    },
    {
      name: "scaleRows",
      inputs: () => [random(4, 3), random(4)],
      run: (x: tf.Tensor2D, factors: tf.Tensor1D) => scaleRows(x, factors),
      portable: [scaleRowsOperation, null],
    },
    {
      name: "sumRows",
      inputs: () => [random(4, 3)],
      run: (x: tf.Tensor2D) => sumRows(x, Int32Array.of(2, 0, 2, 4), 5),
    },
    ...(["sigmoid", "softmax"] as const).flatMap((scoring) =>
      [true, false].map((isNormalised): OperationCase => ({
        name: `expertWeights, ${scoring}${isNormalised ? ", normalised" : ""}`,
        inputs: () => [random(4, 5)],
        run: (logits: tf.Tensor2D) => expertWeights(logits, chosen, { scoring, isNormalised, factor: 2.5 }),
      })),
    ),
    {
      name: "maskedUpdate",
      inputs: () => [random(5, 6), random(2, 6), random(4, 2)],
      run: (x: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D) => maskedUpdate(x, a, b, 0.7, zeros),
      portable: [maskedUpdateOperation, { scale: 0.7, zeros }],
    },
    {
      name: "embedding",
      inputs: () => [random(5, 3)],
      run: (table: tf.Tensor2D) => embedding(table, Int32Array.of(4, 0, 4, 2)),
      portable: [embeddingOperation, { ids: Int32Array.of(4, 0, 4, 2), rows: 5 }],
    },
    {
      name: "rmsNorm",
      inputs: () => [random(4, 6), random(6)],
      run: (x: tf.Tensor2D, w: tf.Tensor1D) => rmsNorm(x, w, 1e-5),
      portable: [rmsNormOperation, { epsilon: 1e-5 }],
    },
    {
      name: "rmsNorm of heads",
      inputs: () => [random(3, 2, 4), random(4)],
      run: (x: tf.Tensor3D, w: tf.Tensor1D) => rmsNorm(x, w, 1e-6),
      portable: [rmsNormOperation, { epsilon: 1e-6 }],
    },
    {
      name: "rope",
      inputs: () => [random(6, 3, 4)],
      run: (x: tf.Tensor3D) => rope(x, angles),
      portable: [ropeOperation, angles],
    },
    {
      name: "attention",
      inputs: () => [random(6, 4, 4), random(9, 2, 4), random(9, 2, 4)],
      run: (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) => attention(q, k, v, shape),
      portable: [attentionOperation, shape],
    },
    {
      name: "attention, values narrower than keys",
      inputs: () => [random(6, 4, 4), random(9, 2, 4), random(9, 2, 3)],
      run: (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) => attention(q, k, v, { ...shape, valueSize: 3 }),
      portable: [attentionOperation, { ...shape, valueSize: 3 }],
    },
    {
      name: "swiglu",
      inputs: () => [random(3, 5), random(3, 5)],
      run: (gate: tf.Tensor2D, up: tf.Tensor2D) => swiglu(gate, up),
      portable: [swigluOperation, null],
    },
    {
      name: "add",
      inputs: () => [random(3, 2), random(3, 2)],
      run: (a: tf.Tensor, b: tf.Tensor) => add(a, b),
      portable: [addOperation, null],
    },
    {
      name: "multiplyRows",
      inputs: () => [random(3, 2), random(2)],
      run: (x: tf.Tensor2D, row: tf.Tensor1D) => multiplyRows(x, row),
      portable: [multiplyOperation, null],
    },
    {
      name: "scale",
      inputs: () => [random(4)],
      run: (x: tf.Tensor) => scale(x, -1.5),
      portable: [scaleOperation, { factor: -1.5 }],
    },
    {
      name: "reshape",
      inputs: () => [random(4, 3)],
      run: (x: tf.Tensor) => reshape(x, [2, 6]),
      portable: [reshapeOperation, { shape: [2, 6], from: [4, 3] }],
    },
    {
      name: "dropout",
      inputs: () => [random(7, 3)],
      run: (x: tf.Tensor) => withDropout(dropoutKey, () => dropout(x, 0.4, "layer")),
      portable: [dropoutOperation, { rate: 0.4, key: [5, 9] }],
    },
    {
      name: "crossEntropy",
      inputs: () => [random(4, 5)],
      run: (logits: tf.Tensor2D) => crossEntropy(logits, Int32Array.of(0, 4, 2, 2)),
      portable: [crossEntropyOperation, { targets: Int32Array.of(0, 4, 2, 2) }],
    },
    {
      name: "regularisedCrossEntropy",
      inputs: () => [random(4, 5)],
      run: (logits: tf.Tensor2D) => regularisedCrossEntropy(logits, Int32Array.of(0, 4, 2, 2), regularised),
      portable: [regularisedCrossEntropyOperation, { targets: Int32Array.of(0, 4, 2, 2), ...regularised }],
    },
    {
      name: "crossEntropyHead with a smoothed label, in chunks",
      inputs: () => [random(5, 3), random(3, 6)],
      // Under a tape of its own where none is active: the settings count in training alone.
      run: (hidden: tf.Tensor2D, w: tf.Tensor2D) =>
        withTape(activeTape() ?? new Tape(), () =>
          crossEntropyHead(
            hidden,
            Int32Array.of(1, 5, 0, 2, 2),
            { project: (rows) => linear(rows, w) },
            6,
            2,
            regularised,
          ),
        ),
    },
    {
      name: "embeddingNoise",
      inputs: () => [random(6, 3)],
      run: (x: tf.Tensor2D) =>
        withDropout(dropoutKey, () => embeddingNoise(x, 5, Int32Array.of(0, 2, 2, 6), "embedding")),
      portable: [embeddingNoiseOperation, { alpha: 5, segments: Int32Array.of(0, 2, 2, 6), key: [5, 9] }],
    },
    {
      name: "crossEntropyHead in chunks, trainable head",
      inputs: () => [random(5, 3), random(3, 6)],
      run: (hidden: tf.Tensor2D, w: tf.Tensor2D) =>
        crossEntropyHead(hidden, Int32Array.of(1, 5, 0, 2, 2), { project: (rows) => linear(rows, w) }, 6, 2),
    },
    {
      name: "fromTfjs",
      inputs: () => [random(3, 4), random(3, 4)],
      run: fromTfjs((a, b) => tf.mul(tf.tanh(a), tf.exp(b))),
    },
    {
      name: "recomputed block with a residual",
      inputs: () => [random(4, 6), random(6), random(6, 6)],
      run: (x: tf.Tensor2D, norm: tf.Tensor1D, w: tf.Tensor2D) =>
        recompute(
          (y, n, m) =>
            add(
              y as tf.Tensor2D,
              linear(rmsNorm(y as tf.Tensor2D, n as tf.Tensor1D, 1e-5), m as tf.Tensor2D),
            ),
          x,
          norm,
          w,
        ),
    },
  ];
}
