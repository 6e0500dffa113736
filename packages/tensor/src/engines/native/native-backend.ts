import type { NativeKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { MemoryPool } from "./memory-pool.js";

/** Name under which the backend is registered with TensorFlow.js. */
export const NATIVE_BACKEND = "native";

/**
 * A TensorFlow.js backend whose tensors the C++ kernels read in place.
 *
 * It is the cpu backend with another memory: what kernels of ours make lies in a pool and is used again the moment it is
 * disposed, and every operation that has no kernel of ours runs as on cpu.
 */
export class NativeBackend extends MathBackendCPU {
  readonly kernels: NativeKernels;
  readonly #pool: MemoryPool;

  constructor(kernels: NativeKernels) {
    super();
    this.kernels = kernels;
    this.#pool = new MemoryPool((bytes) => kernels.allocate(bytes));
    // The cpu backend advertises the TensorFlow addon on first use.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }

  /** Memory of tensors made by native kernels. */
  get pool(): Pick<MemoryPool, "bytesInUse" | "bytesReserved" | "peakBytes"> {
    return this.#pool;
  }

  /** A new float32 tensor whose values are not set. */
  uninitialised(shape: readonly number[]): tf.Tensor {
    const values = this.#pool.take(tf.util.sizeFromShape([...shape]));
    const dataId = this.write(values, [...shape], "float32");
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype: "float32" });
  }

  /** The values of a float32 tensor, in place; valid while the tensor lives. */
  view(tensor: tf.TensorInfo): Float32Array {
    return this.data.get(tensor.dataId).values as Float32Array;
  }

  /** Whether the tensor's values are in the pool and no other tensor shares them, so that they may be changed in place. */
  isExclusive({ dataId }: tf.TensorInfo): boolean {
    const { values } = this.data.get(dataId);
    return this.refCount(dataId) === 1 && values instanceof Float32Array && this.#pool.owns(values);
  }

  /** A copy: memory of the pool may hold another tensor's values once this one is disposed. */
  override readSync(dataId: object): tf.backend_util.BackendValues {
    const values = super.readSync(dataId);
    return values instanceof Float32Array && this.#pool.owns(values) ? Float32Array.from(values) : values;
  }

  override disposeData(dataId: object, force = false): boolean {
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone && values instanceof Float32Array && this.#pool.owns(values)) this.#pool.give(values);
    return gone;
  }
}

/** The backend in use. @throws Error if it is not the native one */
export function nativeBackend(): NativeBackend {
  const backend = tf.backend();
  if (backend instanceof NativeBackend) return backend;
  throw new Error(`expected the native engine to be in use, got ${tf.getBackend()}`);
}
