import * as tf from "@tensorflow/tfjs-core";
import type { NativeBackend } from "./native-backend.js";

type Inputs = Record<string, tf.TensorInfo>;

/** A kernel that may decline with null. */
type Compute = (
  backend: NativeBackend,
  inputs: Inputs,
  attributes: Record<string, unknown>,
) => tf.Tensor | tf.Tensor[] | null;

const isFloat = (...tensors: tf.TensorInfo[]): boolean => tensors.every(({ dtype }) => dtype === "float32");

/** Puts a kernel before the cpu backend's. */
function preferOn(backendName: string, kernelName: string, compute: Compute): void {
  const general = tf.getKernel(kernelName, "cpu");
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    ...general,
    backendName,
    kernelFunc: (given) =>
      compute(
        given.backend as NativeBackend,
        given.inputs as Inputs,
        given.attrs as Record<string, unknown>,
      ) ?? general.kernelFunc(given),
  });
}

const sameShape = (a: tf.TensorInfo, b: tf.TensorInfo): boolean => tf.util.arraysEqual(a.shape, b.shape);

/**
 * Kernels under TensorFlow.js's own names: those of the cpu backend for everything, and native ones where time goes in
 * training and in losses of a user's own (products, sums and products of equal shapes, matrices cut, joined and reordered, which
 * the cpu backend does number by number). `Fill` is there for its memory, the pool's: what the cpu backend makes waits for
 * garbage collection.
 */
export function registerNativeTfjsKernels(backendName: string): void {
  tf.copyRegisteredKernels("cpu", backendName);
  const prefer = (kernelName: string, compute: Compute): void => {
    preferOn(backendName, kernelName, compute);
  };

  prefer("Fill", (backend, _inputs, attributes) => {
    const { shape, value, dtype } = attributes as { shape: number[]; value: number | string; dtype: string };
    if (typeof value !== "number" || dtype !== "float32") return null;
    const output = backend.uninitialised(shape);
    backend.view(output).fill(value);
    return output;
  });

  prefer("Add", (backend, { a, b }) => {
    if (!isFloat(a, b) || !sameShape(a, b)) return null;
    const output = backend.uninitialised(a.shape);
    backend.kernels.add(backend.view(a), backend.view(b), backend.view(output));
    return output;
  });

  prefer("Multiply", (backend, { a, b }) => {
    if (!isFloat(a, b)) return null;
    const [large, small] = b.shape.length === 0 ? [a, b] : [b, a];
    const scalar = small.shape.length === 0;
    if (!scalar && !sameShape(a, b)) return null;
    // The kernel takes a factor for a setting, and refuses NaN and infinity; as a value they are as good as any.
    if (scalar && !Number.isFinite(backend.view(small)[0])) return null;
    const output = backend.uninitialised(large.shape);
    if (scalar) backend.kernels.scale(backend.view(large), backend.view(small)[0], backend.view(output));
    else backend.kernels.multiply(backend.view(a), backend.view(b), backend.view(output));
    return output;
  });

  prefer("BatchMatMul", (backend, { a, b }, attributes) => {
    const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
    const batch = (x: tf.TensorInfo): number => tf.util.sizeFromShape(x.shape.slice(0, -2));
    if (!isFloat(a, b) || batch(a) !== batch(b) || a.shape.length !== b.shape.length) return null;
    const [rows, inner] = a.shape.slice(-2);
    const [m, k] = transposeA ? [inner, rows] : [rows, inner];
    const n = b.shape[b.shape.length - (transposeB ? 2 : 1)];
    if (k !== b.shape[b.shape.length - (transposeB ? 1 : 2)] || m * n * k === 0) return null;
    const output = backend.uninitialised([...a.shape.slice(0, -2), m, n]);
    const [left, right, out] = [a, b, output].map((x) => backend.view(x));
    for (let i = 0; i < batch(a); i++) {
      backend.kernels.gemm(
        left.subarray(i * m * k, (i + 1) * m * k),
        right.subarray(i * k * n, (i + 1) * k * n),
        out.subarray(i * m * n, (i + 1) * m * n),
        { m, n, k, transposeA, transposeB },
      );
    }
    return output;
  });

  prefer("SplitV", (backend, { x }, attributes) => {
    const { numOrSizeSplits, axis } = attributes as { numOrSizeSplits: number[] | number; axis: number };
    if (!isFloat(x) || x.shape.length !== 2 || !Array.isArray(numOrSizeSplits)) return null;
    if (numOrSizeSplits.some((size) => size < 1)) return null;
    const [rows, columns] = x.shape;
    const from = backend.view(x);
    let start = 0;
    return numOrSizeSplits.map((size) => {
      const output = backend.uninitialised(axis === 0 ? [size, columns] : [rows, size]);
      const part = backend.view(output);
      if (axis === 0) part.set(from.subarray(start * columns, (start + size) * columns));
      else copyColumns(from, columns, start, part, size, 0, size, rows);
      start += size;
      return output;
    });
  });

  prefer("Concat", (backend, inputs, attributes) => {
    // A list, though it is typed as a record.
    const parts = Object.values(inputs);
    const { axis } = attributes as { axis: number };
    if (!isFloat(...parts) || parts.some(({ shape }) => shape.length !== 2 || shape.includes(0))) return null;
    const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
    const [rows, columns] = axis === 0 ? [total, parts[0].shape[1]] : [parts[0].shape[0], total];
    const output = backend.uninitialised([rows, columns]);
    const joined = backend.view(output);
    let start = 0;
    for (const part of parts) {
      const size = part.shape[axis];
      if (axis === 0) joined.set(backend.view(part), start * columns);
      else copyColumns(backend.view(part), size, 0, joined, columns, start, size, rows);
      start += size;
    }
    return output;
  });

  prefer("GatherV2", (backend, { x, indices }, attributes) => {
    const { axis, batchDims } = attributes as { axis: number; batchDims: number };
    if (!isFloat(x) || x.shape.length !== 2 || indices.shape.length !== 1 || axis !== 1 || batchDims !== 0) {
      return null;
    }
    const [rows, columns] = x.shape;
    const order = backend.readSync(indices.dataId) as Int32Array;
    if (order.length === 0 || order.some((column) => column < 0 || column >= columns)) return null;
    const output = backend.uninitialised([rows, order.length]);
    const [from, to] = [backend.view(x), backend.view(output)];
    for (let row = 0, at = 0; row < rows; row++) {
      for (let c = 0; c < order.length; c++) to[at++] = from[row * columns + order[c]];
    }
    return output;
  });
}

/** Columns that a copy is made of number by number: a call to copy a stretch costs more than so many numbers do. */
const SHORT_STRETCH = 32;

/** Copies `size` columns of each row, from one matrix to another. */
function copyColumns(
  from: Float32Array,
  fromWidth: number,
  fromColumn: number,
  to: Float32Array,
  toWidth: number,
  toColumn: number,
  size: number,
  rows: number,
): void {
  for (let row = 0; row < rows; row++) {
    const [source, target] = [row * fromWidth + fromColumn, row * toWidth + toColumn];
    if (size > SHORT_STRETCH) to.set(from.subarray(source, source + size), target);
    else for (let column = 0; column < size; column++) to[target + column] = from[source + column];
  }
}
