import type { KeptActivation } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "./native-backend.js";
import { nativeTensor } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

/** By the data that was packed, as several operations may keep the same activation: the data it was packed into. */
const packedOf = new WeakMap<tf.DataId, tf.DataId>();
/** By the data that a tensor was packed into: its number of elements. */
const sizeOf = new WeakMap<tf.DataId, number>();

/**
 * What an operation keeps of an activation for its pullback: with precision `fp32` the tensor itself, else an opaque tensor
 * of half the size, of its values rounded to bfloat16. {@link keptView} and {@link openActivation} give the values back.
 */
export function keepActivation(x: tf.Tensor): tf.Tensor {
  if (productOptions.precision === "fp32") return x;
  const backend = nativeBackend();
  const known = packedOf.get(x.dataId);
  if (known && backend.data.has(known)) {
    backend.incRef(known);
    return tf
      .engine()
      .makeTensorFromTensorInfo({ dataId: known, shape: [halfLength(x.size)], dtype: "float32" });
  }
  const packed = halfTensor(x.size);
  backend.kernels.toBf16(backend.view(x), halfView(packed));
  packedOf.set(x.dataId, packed.dataId);
  return packed;
}

/** A normalised activation, by what was kept of its input. */
interface Norm {
  readonly input: tf.DataId;
  readonly weight: tf.DataId;
  readonly epsilon: number;
}
/** By the data of normalised activations. */
const normOf = new WeakMap<tf.DataId, Norm>();
/** By the data of the marks that stand for normalised activations. */
const markOf = new WeakMap<tf.DataId, Norm>();

/**
 * Says how `normed` came about, so that {@link keepInput} need not keep it.
 * @param kept of the norm's input, for the norm's own pullback
 */
export function rememberNorm(normed: tf.Tensor, kept: tf.Tensor, weight: tf.Tensor, epsilon: number): void {
  if (!sizeOf.has(kept.dataId)) return;
  normOf.set(normed.dataId, { input: kept.dataId, weight: weight.dataId, epsilon });
}

/**
 * {@link keepActivation} of the input of a linear, for {@link openActivation} only: of what a norm gave, whose input is kept
 * anyway, next to nothing is kept. A tape passes the linear before it passes the norm, so that the input is still there.
 */
export function keepInput(x: tf.Tensor): tf.Tensor {
  const norm = normOf.get(x.dataId);
  const backend = nativeBackend();
  if (!norm || productOptions.precision === "fp32" || !backend.data.has(norm.input)) return keepActivation(x);
  const mark = backend.uninitialised([0]);
  markOf.set(mark.dataId, norm);
  return mark;
}

/** Numbers of float32 that hold the memory of `size` ones in bfloat16. */
const halfLength = (size: number): number => Math.ceil(size / 2);

/** A new opaque tensor for `size` numbers in bfloat16, whose values are not set. */
export function halfTensor(size: number): tf.Tensor {
  const packed = nativeBackend().uninitialised([halfLength(size)]);
  sizeOf.set(packed.dataId, size);
  return packed;
}

/** Makes a tensor an opaque one, for `size` numbers in bfloat16 that will be written to its beginning. */
export function asHalves(tensor: tf.Tensor, size: number): tf.Tensor {
  sizeOf.set(tensor.dataId, size);
  return tensor;
}

/** The values of an opaque tensor in bfloat16, in place. */
export function halfView(packed: tf.Tensor): Uint16Array {
  return codesOf(packed, sizeOf.get(packed.dataId)!);
}

/**
 * The values of a kept activation: the tensor that was kept, or a new one in float32.
 * @param shape of the tensor that was kept; others may have kept the same values under another one
 */
export function openActivation(kept: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const backend = nativeBackend();
  const norm = markOf.get(kept.dataId);
  const size = sizeOf.get(norm?.input ?? kept.dataId);
  if (size === undefined) return kept;
  return nativeTensor(shape, (values) => {
    backend.kernels.fromBf16(codesOf(norm ? { dataId: norm.input } : kept, size), values);
    if (norm)
      backend.kernels.rmsNormForward(values, backend.view({ dataId: norm.weight }), values, norm.epsilon);
  });
}

/** The values of a kept activation where they lie, for kernels that read both formats. */
export function keptView(kept: tf.Tensor): KeptActivation {
  const size = sizeOf.get(kept.dataId);
  return size === undefined ? nativeBackend().view(kept) : codesOf(kept, size);
}

/**
 * What an operation keeps of rows that enter its pullback only as sums over each: with precision `fp32` the tensor itself,
 * else codes of 8 bits and a scale a row. @param width of a row
 */
export function keepRows(
  x: tf.Tensor,
  width: number,
): [values: tf.Tensor] | [values: tf.Tensor, scales: tf.Tensor] {
  if (productOptions.precision === "fp32") return [x];
  const backend = nativeBackend();
  const codes = backend.uninitialised([Math.ceil(x.size / Float32Array.BYTES_PER_ELEMENT)]);
  const scales = backend.uninitialised([x.size / width]);
  backend.kernels.toInt8Rows(backend.view(x), bytesOf(codes, x.size), backend.view(scales));
  return [codes, scales];
}

/** What {@link keepRows} kept, in place. @param size numbers that were kept */
export function keptRowsView(
  [values, scales]: readonly [values: tf.Tensor, scales?: tf.Tensor],
  size: number,
): { readonly values: Float32Array | Int8Array; readonly scales: Float32Array | null } {
  const backend = nativeBackend();
  if (!scales) return { values: backend.view(values), scales: null };
  return { values: bytesOf(values, size), scales: backend.view(scales) };
}

function bytesOf(packed: tf.Tensor, count: number): Int8Array {
  const { buffer, byteOffset } = nativeBackend().view(packed);
  return new Int8Array(buffer, byteOffset, count);
}

function codesOf(packed: Pick<tf.TensorInfo, "dataId">, count: number): Uint16Array {
  const { buffer, byteOffset } = nativeBackend().view(packed);
  return new Uint16Array(buffer, byteOffset, count);
}
