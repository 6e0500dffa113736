import type { HeldBlockScaled, HeldTensor, RawTensor, RowRange, TensorInfo } from "./tensor-info.js";
import type { WeightMemory } from "@lathe/tensor";

/** Named tensors on disk, whichever files they lie in. Reading takes a tensor's own bytes only. */
export interface StoredWeights {
  /** File or folder the weights were opened from. */
  readonly path: string;
  /** Names of all tensors. */
  names(): string[];
  /** Whether there is a tensor of that name. */
  has(name: string): boolean;
  /** @throws WeightsError when there is no such tensor */
  info(name: string): TensorInfo;
  /** File that holds the tensor. @throws WeightsError when there is no such tensor */
  pathOf(name: string): string;
  /**
   * A tensor, or rows of its first axis, as float32 in row-major order.
   * @throws WeightsError when there is no such tensor, its type does not convert, or the file ends early
   */
  readFloat32(name: string, rows?: RowRange): Promise<Float32Array<ArrayBuffer>>;
  /**
   * A tensor, or rows of its first axis, as it lies in the file.
   * @param target receives the bytes from its start on, so that one buffer serves many reads; a new one if left out
   * @throws WeightsError when there is no such tensor or the file ends early
   * @throws RangeError when rows are no rows of the tensor, or the target is too short
   */
  readRaw(name: string, rows?: RowRange, target?: Uint8Array<ArrayBuffer>): Promise<RawTensor>;
  /**
   * A tensor as it lies in the file, for as long as it is needed, also after the weights are closed. Where files are
   * mapped it is a view, to be read only; else, and where the file does not align it to its type, a copy.
   * @throws WeightsError when there is no such tensor or the file was exchanged
   */
  hold(name: string): Promise<HeldTensor>;
  /**
   * A matrix of 8-bit floats with a scale a block as it is stored, held as by {@link StoredWeights.hold}; null where a tensor is none.
   * Where this is missing, no tensor is one.
   */
  readonly holdBlockScaled?: (name: string) => Promise<HeldBlockScaled | null>;
  /** Where weights lie outside the JavaScript heap, or null. */
  readonly memory: WeightMemory | null;
  /** Closes the files; closing twice is harmless. Tensors that are held stay. */
  close(): Promise<void>;
}

/** How {@link openWeights} opens files. */
export interface OpenWeightsOptions {
  /** Where weights lie outside the JavaScript heap. @defaultValue null */
  readonly memory?: WeightMemory | null;
  /**
   * Whether files are mapped into the memory instead of read where a tensor is held. Where another program cuts a mapped
   * file, kernels throw from then on; see `mappedFileFault`. @defaultValue true where there is a memory
   */
  readonly isMapped?: boolean;
}
