import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  recompute,
  dropout,
  fromTfjs,
  linear,
  rmsNorm,
  scale,
  startEngine,
  swiglu,
  valueAndGradients,
  withDropout,
} from "./index.js";
import { distance, enginesHere, seededFloats } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 1812);
const floats = seededFloats(SEED);
const total = fromTfjs((x) => tf.sum(tf.square(x)));
const sum = (x: tf.Tensor): tf.Scalar => total(x) as tf.Scalar;
const key = { seed: 4, step: 1, microBatch: 0 };

/** A small gated block with dropout and a residual, as models have them. */
function block(x: tf.Tensor2D, weights: Weights, site: string): tf.Tensor2D {
  const normalised = rmsNorm(x, weights.norm, 1e-5);
  const hidden = swiglu(
    linear(normalised, weights.gate, null, "OI"),
    linear(normalised, weights.up, null, "OI"),
  );
  return add(x, dropout(linear(hidden, weights.down, null, "OI"), 0.3, site));
}

interface Weights {
  readonly norm: tf.Tensor1D;
  readonly gate: tf.Tensor2D;
  readonly up: tf.Tensor2D;
  readonly down: tf.Tensor2D;
}

const makeWeights = (): Weights => ({
  norm: tf.tensor1d(floats(6)),
  gate: tf.tensor2d(floats(60), [10, 6]),
  up: tf.tensor2d(floats(60), [10, 6]),
  down: tf.tensor2d(floats(60), [6, 10]),
});

function gradientsOf(
  body: () => tf.Scalar,
  watched: readonly tf.Tensor[],
): { value: number; gradients: Float32Array[] } {
  const { value, gradients } = valueAndGradients(() => tf.tidy(body), watched);
  const result = {
    value: value.dataSync()[0],
    gradients: gradients.map((gradient) => gradient!.dataSync<"float32">().slice()),
  };
  tf.dispose([value, ...gradients.map((gradient) => gradient!)]);
  return result;
}

describe.each(await enginesHere())(`gradients on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it("are linear in the value: those of a sum are the sums", () => {
    const x = tf.tensor2d(floats(12), [3, 4]);
    const w = tf.tensor2d(floats(20), [5, 4]);
    const f = (): tf.Scalar => sum(linear(x, w, null, "OI"));
    const g = (): tf.Scalar => sum(scale(x, 3));
    const [both, ofF, ofG] = [() => add(f(), scale(g(), 2)), f, g].map((body) => gradientsOf(body, [x]));
    const expected = ofF.gradients[0].map((value, i) => value + 2 * ofG.gradients[0][i]);
    expect(distance(both.gradients[0], expected)).toBeLessThan(1e-5);
  });

  it("of a block that is computed again have the same bits as of one that is kept, dropout included", () => {
    const x = tf.tensor2d(floats(24), [4, 6]);
    const weights = [makeWeights(), makeWeights()];
    const watched = [x, ...weights.flatMap((of) => Object.values(of) as tf.Tensor[])];
    const run = (again: boolean) => (): tf.Scalar =>
      withDropout(key, () => {
        let y = x;
        weights.forEach((of, i) => {
          const layer = (rows: tf.Tensor): tf.Tensor2D => block(rows as tf.Tensor2D, of, `layer ${i}`);
          y = again ? recompute(layer, y) : layer(y);
        });
        return sum(y);
      });
    const [kept, again] = [run(false), run(true)].map((body) => gradientsOf(body, watched));
    expect(again.value).toBe(kept.value);
    again.gradients.forEach((gradient, i) => expect([...gradient]).toEqual([...kept.gradients[i]]));
  });

  it("have the same bits whichever others are asked for", () => {
    const x = tf.tensor2d(floats(24), [4, 6]);
    const weights = makeWeights();
    const all = Object.values(weights) as tf.Tensor[];
    const body = (): tf.Scalar => withDropout(key, () => sum(block(x, weights, "layer")));
    const { gradients } = gradientsOf(body, [x, ...all]);
    [x, ...all].forEach((tensor, i) => {
      expect([...gradientsOf(body, [tensor]).gradients[0]]).toEqual([...gradients[i]]);
    });
  });

  it("of a step in one batch are the sums of those of its halves", () => {
    const rows = floats(48);
    const weights = makeWeights();
    const watched = Object.values(weights) as tf.Tensor[];
    const of = (from: number, to: number): Float32Array[] => {
      const x = tf.tensor2d(rows.slice(from * 6, to * 6), [to - from, 6]);
      return gradientsOf(() => sum(block(x, weights, "no dropout outside of training")), watched).gradients;
    };
    const [whole, first, second] = [of(0, 8), of(0, 3), of(3, 8)];
    whole.forEach((gradient, i) => {
      const added = first[i].map((value, j) => value + second[i][j]);
      expect(distance(added, gradient)).toBeLessThan(1e-5);
    });
  });

  it("follow the direction in which the value grows", () => {
    const x = tf.tensor2d(floats(24), [4, 6]);
    const weights = makeWeights();
    const body = (at: tf.Tensor2D) => (): tf.Scalar => sum(block(at, weights, "layer"));
    const { value, gradients } = gradientsOf(body(x), [x]);
    const length = Math.hypot(...gradients[0]);
    const step = 1e-2 / length;
    const moved = tf.tensor2d(
      Float32Array.from(x.dataSync(), (element, i) => element + step * gradients[0][i]),
      [4, 6],
    );
    const grown = gradientsOf(body(moved), [moved]).value;
    // To first order the value grows by the step times the gradient's length.
    expect((grown - value) / 1e-2 / length).toBeCloseTo(1, 1);
  });

  it("leave no tensor behind", () => {
    const x = tf.tensor2d(floats(24), [4, 6]);
    const weights = makeWeights();
    const run = (): unknown =>
      gradientsOf(
        () =>
          withDropout(key, () =>
            sum(recompute((rows) => block(rows as tf.Tensor2D, weights, "layer"), scale(x, 2))),
          ),
        [x, weights.gate],
      );
    run();
    const before = tf.memory();
    run();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  });
});
