import type { NativeKernels } from "@lathe/kernels";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { MemoryPool } from "./memory-pool.js";
import { slabBytes } from "./slab-bytes.js";

/**
 * A TensorFlow.js backend whose tensors the C++ kernels read in place.
 *
 * It is the cpu backend with another memory: what kernels of ours make lies in a pool and is used again the moment it is
 * disposed, and every operation that has no kernel of ours runs as on cpu.
 */
export class NativeBackend extends MathBackendCPU {
  readonly kernels: NativeKernels;
  readonly #pool: MemoryPool;
  #otherBytes = 0;
  #peakBytes = 0;

  constructor(kernels: NativeKernels) {
    super();
    this.kernels = kernels;
    this.#pool = new MemoryPool((bytes) => kernels.allocate(bytes), slabBytes());
    // Where this is true the cpu backend writes an advertisement of the TensorFlow addon on first use.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }

  /** Exact bytes of all tensors: those in the pool and those whose values came from elsewhere. */
  account(): { readonly bytes: number; readonly peakBytes: number; readonly reservedBytes: number } {
    const bytes = this.#pool.bytesInUse + this.#otherBytes;
    return { bytes, peakBytes: this.#peakBytes, reservedBytes: this.#pool.bytesReserved + this.#otherBytes };
  }

  override memory(): ReturnType<MathBackendCPU["memory"]> {
    // Nothing here waits for garbage collection, so the account is exact, which that of the cpu backend is not.
    return { unreliable: false, reasons: [] };
  }

  override write(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): ReturnType<MathBackendCPU["write"]> {
    const dataId = super.write(values, shape, dtype);
    this.#count(values, 1);
    return dataId;
  }

  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    super.move(dataId, values, shape, dtype, refCount);
    this.#count(values, 1);
  }

  /** Counts values that begin (1) or cease (−1) to be a tensor's. */
  #count(values: unknown, direction: 1 | -1): void {
    if (ArrayBuffer.isView(values) && !(values instanceof Float32Array && this.#pool.owns(values))) {
      this.#otherBytes += direction * values.byteLength;
    }
    this.#peakBytes = Math.max(this.#peakBytes, this.#pool.bytesInUse + this.#otherBytes);
  }

  /** A new float32 tensor whose values are not set. */
  uninitialised(shape: readonly number[]): tf.Tensor {
    const values = this.#pool.take(tf.util.sizeFromShape([...shape]));
    const dataId = this.write(values, [...shape], "float32");
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype: "float32" });
  }

  /** Memory for so many floats that is no tensor; goes back by {@link NativeBackend.giveRoom}. */
  takeRoom(length: number): Float32Array {
    const room = this.#pool.take(length);
    this.#count(room, 1);
    return room;
  }

  /** Takes memory of {@link NativeBackend.takeRoom} back. */
  giveRoom(room: Float32Array): void {
    this.#pool.give(room);
  }

  /**
   * A new tensor with the memory of an exclusive one, which must not be read any more: whoever remembers the data of the old one
   * sees that it has changed.
   */
  renewed({ dataId, shape }: tf.TensorInfo): tf.Tensor {
    const entry = this.data.get(dataId);
    const values = entry.values as Float32Array;
    delete entry.values;
    return tf.engine().makeTensorFromTensorInfo({
      dataId: this.write(values, shape, "float32"),
      shape,
      dtype: "float32",
    });
  }

  /** The values of a float32 tensor, in place; valid while the tensor lives. */
  view(tensor: Pick<tf.TensorInfo, "dataId">): Float32Array {
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
    if (gone) this.#count(values, -1);
    if (gone && values instanceof Float32Array && this.#pool.owns(values)) this.#pool.give(values);
    return gone;
  }
}
