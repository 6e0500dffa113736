import { asPhrase, sayPhrase } from "@lathe/files";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type AdamWUpdate,
  crossEntropy,
  engineInUse,
  linear,
  listEngines,
  releaseMatrix,
  startEngine,
  tensorMemory,
  valueAndGradients,
} from "../../index.js";
import { fromTfjs } from "../../from-tfjs.js";
import { distance, seededFloats } from "../../testing.js";
import { weightMatrices } from "../../testing/weight-matrices.js";
import { ElementType } from "./addon-types.js";
import { activeDevice, type TensorFlowDevice } from "./device.js";
import { deviceError } from "./device-error.js";
import { matrixForward, matrixInputGradient } from "./device-matrix.js";

const SEED = Number(process.env["TEST_SEED"] ?? 20261123);
const floats = seededFloats(SEED);
const random = (...shape: number[]): tf.Tensor => tf.tensor(floats(shape.reduce((a, b) => a * b, 1)), shape);

const engine = listEngines().find(({ name }) => name === "tensorflow")!;
const reason = await engine.probe();

describe("the list of engines", () => {
  it("never takes tensorflow by itself, and cuda before native where there is a card", () => {
    const names = listEngines().map(({ name }) => name);
    expect(names.indexOf("cuda")).toBeLessThan(names.indexOf("native"));
    expect(engine.isAutomatic?.()).toBe(false);
  });

  it("does not mention cuda under auto on a machine without a card", async () => {
    const cuda = listEngines().find(({ name }) => name === "cuda")!;
    if (cuda.isAutomatic?.()) return;
    const { passedOver, name } = await startEngine("auto");
    expect(name).not.toBe("tensorflow");
    expect(passedOver.map((passed) => passed.name)).not.toContain("cuda");
    await expect(startEngine("cuda")).rejects.toThrow(
      /engine cuda cannot run here \(cuda: .*(setupTensorFlow\(\)|no NVIDIA card)/,
    );
  });
});

describe("deviceError", () => {
  it.each([
    [
      "out of memory",
      "Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[18944,3584] and type half on /device:GPU:0",
      /no memory left for MatMul \(OOM when allocating.*\); lower the batch size/,
    ],
    [
      "device lost",
      "Invalid TF_Status: 13\nMessage: failed to memcpy: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access",
      /card was lost during MatMul .* resume the run from its last checkpoint/,
    ],
    [
      "no kernel",
      "Invalid TF_Status: 5\nMessage: Could not find device for node: {{node MatMul}} = MatMul[T=DT_HALF]",
      /no kernel for MatMul/,
    ],
    ["other", "Invalid TF_Status: 3\nMessage: Matrix size-incompatible", /MatMul failed \(Matrix size/],
  ])("knows %s", (fault, text, message) => {
    const error = deviceError("MatMul", new Error(text));
    expect(error.fault).toBe(fault);
    expect(error.message).toMatch(message);
  });
});

/** Largest error of `actual`, as a share of the largest magnitude expected. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
    if (Number.isNaN(actual[i])) return Infinity;
  }
  return worst / largest;
}

describe.skipIf(reason !== null)(
  `engine tensorflow${reason === null ? "" : ` (skipped: ${sayPhrase(asPhrase(reason))})`}`,
  () => {
    let device: TensorFlowDevice;
    beforeAll(async () => {
      await startEngine("tensorflow", "fp32");
      device = activeDevice();
    });

    describe("TensorFlowDevice", () => {
      it("frees what a computation made, but for its results, also when it throws", () => {
        const x = tf.tensor1d([1, 2, 3]);
        device.scratch(() => device.number(2));
        const before = device.transientHandles;
        const y = device.computeOne(() => device.multiply(device.operation("Neg", [x]), device.number(2)));
        expect([...y.dataSync()]).toEqual([-2, -4, -6]);
        expect(device.transientHandles - before).toBe(2); // x, uploaded on first use, and y
        expect(() =>
          device.computeOne(() => {
            device.operation("Neg", [x]);
            throw new Error("broke");
          }),
        ).toThrow("broke");
        expect(() => device.operation("Neg", [x])).toThrow(/within TensorFlowDevice.compute/);
        tf.dispose([x, y]);
        expect(device.transientHandles).toBe(before);
      });

      it("counts bytes of handles and of TensorFlow.js, and the most there were", () => {
        device.scratch(() => [device.integers(0), device.integers(1000), device.integers(10, 100)]);
        const before = device.account();
        const x = tf.zeros<tf.Rank.R1>([1000]);
        device.scratch(() => device.operation("Neg", [x])); // uploads x
        const shared = [x.clone(), tf.reshape(x, [10, 100])];
        const y = device.computeOne(() => {
          const half = device.cast(x, ElementType.float, ElementType.half);
          expect(device.account().bytes - before.bytes).toBe(4000 + 2000);
          const view = device.reshape(half, [10, 100], ElementType.half);
          device.free(half);
          expect(device.account().bytes - before.bytes).toBe(4000 + 2000);
          device.free(view);
          expect(device.account().bytes - before.bytes).toBe(4000);
          return device.operation("Neg", [x]);
        });
        expect(device.account().bytes - before.bytes).toBe(8000);
        expect(tensorMemory()).toMatchObject(device.account());
        tf.dispose([x, ...shared, y]);
        expect(device.account().bytes).toBe(before.bytes);
        expect(device.account().peakBytes).toBeGreaterThanOrEqual(before.bytes + 8000);
      });

      it("keeps few constants", () => {
        const before = device.binding.getNumOfTensors();
        for (let n = 0; n < 3000; n++)
          device.computeOne(() => device.operation("Neg", [device.number(n)])).dispose();
        expect(device.binding.getNumOfTensors() - before).toBeLessThan(1100);
      });

      it("names the cause when memory is out, and goes on afterwards", () => {
        expect(() =>
          device.computeOne(() =>
            device.operation("Fill", [device.integers(1 << 20, 1 << 21), device.number(0)]),
          ),
        ).toThrow(/no memory left for Fill .*lower the batch size/);
        const one = device.computeOne(() => device.operation("Neg", [device.number(1)]));
        expect([...one.dataSync()]).toEqual([-1]);
        one.dispose();
      });
    });

    describe.each([
      [3, 64],
      [5, 70],
      [2, 131],
      [1, 1],
    ])("packed weights [%i, %i]", (rows, columns) => {
      it.each(weightMatrices(floats, rows, columns))(
        "$name: products and gradients as with dense ones",
        ({ matrix, values }) => {
          const x = random(4, columns);
          const dy = random(4, rows);
          const bias = random(rows);
          const dense = tf.tensor2d(values, [rows, columns]);
          const expected = [
            tf.add(tf.matMul(x as tf.Tensor2D, dense, false, true), bias),
            tf.matMul(dy as tf.Tensor2D, dense),
          ].map((tensor) => tensor.dataSync());
          const before = [device.transientHandles, device.keptHandles];
          for (const [type, tolerance] of [
            [ElementType.float, 1e-5],
            [ElementType.half, 4e-3],
          ] as const) {
            const actual = [
              matrixForward(device, type, x, matrix, bias),
              matrixInputGradient(device, type, dy, matrix),
            ];
            actual.forEach((tensor, i) => {
              expect(relativeError(tensor.dataSync(), expected[i]), `${i}, type ${type}`).toBeLessThan(
                tolerance,
              );
            });
            tf.dispose(actual);
          }
          expect(device.keptHandles).toBeGreaterThan(before[1]);
          releaseMatrix(matrix);
          releaseMatrix(matrix);
          expect([device.transientHandles, device.keptHandles]).toEqual(before);
          tf.dispose([x, dy, bias, dense]);
        },
      );
    });

    describe("in half", () => {
      beforeEach(() => startEngine("tensorflow", "fp16"));

      it("products are within 2e-2 of float32 and not equal to it, losses and gradients float32", async () => {
        const [x, w, target] = [random(6, 32), random(16, 32), Int32Array.of(0, 3, 15, 7, 7, 1)];
        const total = fromTfjs((losses) => tf.sum(losses));
        const run = () => {
          const { value, gradients } = valueAndGradients(
            () =>
              total(
                crossEntropy(linear(x as tf.Tensor2D, w as tf.Tensor2D, null, "OI"), target),
              ) as tf.Scalar,
            [x, w],
          );
          return [value, ...gradients].map((tensor) => tensor!.dataSync());
        };
        const half = run();
        await startEngine("tensorflow", "fp32");
        const exact = run();
        half.forEach((values, i) => {
          expect(values).not.toEqual(exact[i]);
          expect(relativeError(values, exact[i])).toBeLessThan(2e-2);
        });
      });
    });

    describe("AdamW in place", () => {
      const settings = {
        learningRate: 0.1,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-3,
        weightDecay: 0.02,
        gradientScale: 0.5,
      };

      it("agrees with the portable form over steps, and leaves tensors alone that share a variable's memory", async () => {
        const [begin, slopes] = [floats(7), [floats(7), floats(7), floats(7)]];
        const results: Float32Array[][] = [];
        for (const name of ["cpu", "tensorflow"]) {
          await startEngine(name, "fp32");
          const variable = tf.variable(tf.tensor1d(begin.slice()));
          const moments = [tf.variable(tf.zeros([7])), tf.variable(tf.zeros([7]))];
          const shared = variable.clone();
          slopes.forEach((slope, i) => {
            const gradient = tf.tensor1d(slope.slice());
            const update: AdamWUpdate = { variable, gradient, first: moments[0], second: moments[1] };
            const before = name === "tensorflow" ? device.transientHandles : 0;
            engineInUse().routines.adamW([update], { ...settings, step: i + 1 });
            if (name === "tensorflow" && i > 1) expect(device.transientHandles - before).toBe(1); // the gradient, uploaded
            gradient.dispose();
          });
          expect([...shared.dataSync()]).toEqual([...begin]);
          results.push([variable, ...moments].map((one) => Float32Array.from(one.dataSync())));
          tf.dispose([variable, ...moments, shared]);
        }
        results[0].forEach((expected, i) => expect(distance(results[1][i], expected)).toBeLessThan(2e-6));
      });
    });
  },
);
