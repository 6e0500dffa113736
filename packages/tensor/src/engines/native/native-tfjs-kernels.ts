import * as tf from "@tensorflow/tfjs-core";
import type { NativeBackend } from "./native-backend.js";

type Inputs = Record<string, tf.TensorInfo>;

/** A kernel that may decline with null. */
type Compute = (
  backend: NativeBackend,
  inputs: Inputs,
  attributes: Record<string, unknown>,
) => tf.Tensor | null;

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
 * training and in losses of a user's own (products, sums and products of equal shapes). `Fill` is there for its memory, the
 * pool's: what the cpu backend makes waits for garbage collection.
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
}
