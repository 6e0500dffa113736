import * as tf from "@tensorflow/tfjs";
import { nativeBackend } from "./native-backend.js";
import { productOptions } from "./product-options.js";

/** A tensor in bfloat16, and what it was. */
interface Packed {
  readonly dataId: tf.DataId;
  /** Of the packed tensor: two values an element. */
  readonly length: number;
  /** Of the tensor that was packed. */
  readonly shape: readonly number[];
}

/** By the data that was packed: several operations may keep the same activation. */
const packedOf = new WeakMap<tf.DataId, Packed>();
/** By the data it was packed into. */
const shapeOf = new WeakMap<tf.DataId, readonly number[]>();

/**
 * What an operation keeps of an activation for its pullback: with precision `fp32` the tensor itself, else an opaque tensor
 * of half the size, of its values rounded to bfloat16. {@link openActivation} gives the values back.
 */
export function keepActivation(x: tf.Tensor): tf.Tensor {
  if (productOptions.precision === "fp32") return x;
  const backend = nativeBackend();
  const known = packedOf.get(x.dataId);
  if (known && backend.data.has(known.dataId)) {
    backend.incRef(known.dataId);
    const { dataId, length } = known;
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [length], dtype: "float32" });
  }
  const length = Math.ceil(x.size / 2);
  const packed = backend.uninitialised([length]);
  backend.kernels.toBf16(backend.view(x), codesOf(packed, x.size));
  packedOf.set(x.dataId, { dataId: packed.dataId, length, shape: x.shape });
  shapeOf.set(packed.dataId, x.shape);
  return packed;
}

/** The values of a kept activation: the tensor that was kept, or a new one in float32. */
export function openActivation(kept: tf.Tensor): tf.Tensor {
  const shape = shapeOf.get(kept.dataId);
  if (!shape) return kept;
  const backend = nativeBackend();
  const x = backend.uninitialised(shape);
  backend.kernels.fromBf16(codesOf(kept, x.size), backend.view(x));
  return x;
}

function codesOf(packed: tf.Tensor, count: number): Uint16Array {
  const { buffer, byteOffset } = nativeBackend().view(packed);
  return new Uint16Array(buffer, byteOffset, count);
}
