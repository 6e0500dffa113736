/** Laws of blocks that are computed again: what they come to, how often they run, and what they leave in memory. */
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { add, fromTfjs, linear, scale, swiglu } from "./index.js";
import { recompute } from "./recompute.js";
import { withTape } from "./scope.js";
import { startEngine } from "./start-engine.js";
import { Tape } from "./tape.js";
import { enginesHere, seededFloats } from "./testing.js";
import { valueAndGradients } from "./value-and-gradients.js";

const SEED = Number(process.env["TEST_SEED"] ?? 23);
const total = fromTfjs((x) => tf.sum(x));

describe.each(await enginesHere())(`recompute on %s (seed ${SEED})`, (name) => {
  const start = async (): Promise<(rows: number, columns: number) => tf.Tensor2D> => {
    await startEngine(name, "fp32");
    const floats = seededFloats(SEED);
    return (rows, columns) => tf.tensor2d(floats(rows * columns), [rows, columns]);
  };

  it("gives the same bits as the block itself, for inputs that are used twice and weights that both share", async () => {
    const random = await start();
    const [x, weight] = [random(3, 8), random(8, 8)];
    const block = (y: tf.Tensor): tf.Tensor => swiglu(linear(y as tf.Tensor2D, weight), y as tf.Tensor2D);
    const runs = [false, true].map((again) =>
      valueAndGradients(
        () =>
          tf.tidy(() => {
            const first = again ? recompute(block, x) : block(x);
            const second = again ? recompute(block, first) : block(first);
            return total(add(second as tf.Tensor2D, scale(x, 2))) as tf.Scalar;
          }),
        [x, weight],
      ),
    );
    const [plain, recomputed] = runs.map(({ value, gradients }) =>
      [value, ...gradients].map((tensor) => [...tensor!.dataSync()]),
    );
    expect(recomputed[0]).toEqual(plain[0]);
    recomputed.forEach((values, place) => {
      values.forEach((value, index) => {
        // Parts of a gradient are added in another order: of a few numbers, a few roundings.
        expect(Math.abs(value - plain[place][index])).toBeLessThanOrEqual(
          1e-5 * (1 + Math.abs(plain[place][index])),
        );
      });
    });
  });

  it("runs the block once where nothing watched goes in, and once more for the gradients where it does", async () => {
    const random = await start();
    const [x, other] = [random(2, 2), random(2, 2)];
    let runs = 0;
    const block = (y: tf.Tensor): tf.Tensor => {
      runs++;
      return scale(y, 3);
    };
    recompute(block, x).dispose();
    expect(runs).toBe(1);
    const { gradients } = valueAndGradients(
      () =>
        tf.tidy(
          () =>
            total(
              add(recompute(block, other) as tf.Tensor2D, recompute(block, x) as tf.Tensor2D),
            ) as tf.Scalar,
        ),
      [x],
    );
    expect(runs).toBe(1 + 1 + 2);
    expect([...gradients[0]!.dataSync()]).toEqual([3, 3, 3, 3]);
  });

  it("keeps as many tensors for a block of many steps as for one of few, and none when the tape is done", async () => {
    const random = await start();
    const [x, weight] = [random(4, 4), random(4, 4)];
    const keptFor = (steps: number, again: boolean): number => {
      const before = tf.memory().numTensors;
      const tape = new Tape([weight]);
      const block = (y: tf.Tensor): tf.Tensor =>
        Array.from({ length: steps }).reduce<tf.Tensor>((z) => linear(z as tf.Tensor2D, weight), y);
      const out = withTape(tape, () => (again ? recompute(block, x) : tf.tidy(() => block(x))));
      const kept = tf.memory().numTensors - before;
      tape.dispose();
      out.dispose();
      expect(tf.memory().numTensors).toBe(before);
      return kept;
    };
    expect(keptFor(9, true)).toBe(keptFor(2, true));
    expect(keptFor(9, false)).toBeGreaterThan(keptFor(9, true));
  });

  it("needs its inputs no more once it has run: their owner may dispose them before the backward pass", async () => {
    const random = await start();
    const weight = random(3, 3);
    const tape = new Tape([weight]);
    const x = tf.ones<tf.Rank.R2>([2, 3]);
    const y = withTape(tape, () => recompute((z) => linear(z as tf.Tensor2D, weight), x));
    x.dispose();
    const seen: number[][] = [];
    tape.backward(y, tf.onesLike(y), (tensor, part) => {
      expect(tensor).toBe(weight);
      seen.push([...part.dataSync()]);
    });
    // Two rows of ones go into each output.
    expect(seen).toEqual([Array.from({ length: 9 }, () => 2)]);
  });

  it("has no gradient for an input that nothing watched goes into, and leaves none behind", async () => {
    const random = await start();
    const [x, frozen] = [random(2, 2), random(2, 2)];
    const before = tf.memory().numTensors;
    const { value, gradients } = valueAndGradients(
      () =>
        tf.tidy(
          () =>
            total(
              recompute((a, b) => add(scale(a, 2) as tf.Tensor2D, scale(b, 5) as tf.Tensor2D), x, frozen),
            ) as tf.Scalar,
        ),
      [x],
    );
    expect([...gradients[0]!.dataSync()]).toEqual([2, 2, 2, 2]);
    tf.dispose([value, ...gradients.flatMap((gradient) => gradient ?? [])]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
