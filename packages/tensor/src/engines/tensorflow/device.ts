import { HandleError, WrongEngineError } from "../../errors.js";
import * as tf from "@tensorflow/tfjs-core";
import {
  ElementType,
  type OperationAttribute,
  type TensorFlowBinding,
  type TensorInfo,
} from "./addon-types.js";
import type { HandleMemory } from "./handle-memory.js";
import type { NodeBackend } from "./load-binding.js";

/** A tensor in TensorFlow's memory that TensorFlow.js knows nothing of: its element type may be half or int8. */
export interface Handle {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** What operations take. */
export type Operand = tf.Tensor | Handle;

/** Element types that products are computed in, as TensorFlow numbers them: float32 or half. */
export type ProductType = 1 | 19;

/** Bytes of constants that are kept; the oldest go first. Masks of attention are the largest: 1 MiB for 512 tokens. */
const CONSTANT_BYTES = 64 * 2 ** 20;

interface Constant {
  readonly handles: readonly Handle[];
  readonly bytes: number;
}

/**
 * TensorFlow's operations on handles.
 *
 * Handles live in the computation that made them: {@link TensorFlowDevice.compute} frees all but those it hands over, also
 * when it throws. What stays beyond a computation is a constant (see {@link TensorFlowDevice.constant}) or kept by whoever
 * asked for it ({@link TensorFlowDevice.keep}).
 */
export class TensorFlowDevice {
  /** The TensorFlow.js backend that shares its handles. */
  readonly backend: NodeBackend;
  /** What runs the operations. */
  readonly binding: TensorFlowBinding;
  /** Handles of the computations under way, innermost last. */
  readonly #open: Map<number, Handle>[] = [];
  readonly #constants = new Map<unknown, Constant>();
  #constantBytes = 0;
  readonly #kept = new Set<number>();
  readonly #memory: HandleMemory;

  constructor(backend: NodeBackend, memory: HandleMemory) {
    this.backend = backend;
    this.#memory = memory;
    this.binding = backend.binding;
  }

  /** Bytes of all tensors on the device now and at most, those of TensorFlow.js and of handles. */
  account(): { readonly bytes: number; readonly peakBytes: number; readonly reservedBytes: null } {
    return { bytes: this.#memory.bytes, peakBytes: this.#memory.peakBytes, reservedBytes: null };
  }

  /** Handles alive that are neither constants nor kept: those of TensorFlow.js, and of computations under way. */
  get transientHandles(): number {
    const constants = [...this.#constants.values()].reduce((count, { handles }) => count + handles.length, 0);
    return this.binding.getNumOfTensors() - constants - this.#kept.size;
  }

  /** Handles that are kept for others, e.g. packed weights. */
  get keptHandles(): number {
    return this.#kept.size;
  }

  /** Runs a computation and makes TensorFlow.js tensors (float32) of what it returns; null stays null. */
  compute<const Results extends readonly (Handle | null)[]>(
    body: () => Results,
  ): { -readonly [Index in keyof Results]: Results[Index] extends Handle ? tf.Tensor : tf.Tensor | null } {
    if (this.#open.length === 0) this.#trimConstants();
    const own = new Map<number, Handle>();
    this.#open.push(own);
    try {
      const tensors = body().map((handle) => {
        if (handle === null) return null;
        if (!own.delete(handle.id)) throw new HandleError(handle.id);
        return this.backend.createOutputTensor(handle as TensorInfo);
      });
      return tensors as never;
    } finally {
      this.#open.pop();
      for (const id of own.keys()) this.binding.deleteTensor(id);
    }
  }

  /** A computation with one result. */
  computeOne(body: () => Handle): tf.Tensor {
    return this.compute(() => [body()])[0];
  }

  /** Runs a computation for what it reads or keeps. */
  scratch<Result>(body: () => Result): Result {
    let result: Result;
    this.compute(() => {
      result = body();
      return [];
    });
    return result!;
  }

  /** Frees handles of the computation before its end. */
  free(...handles: readonly Handle[]): void {
    for (const { id } of handles) if (this.#open.at(-1)?.delete(id)) this.binding.deleteTensor(id);
  }

  /** Takes a handle out of its computation: it lives until {@link TensorFlowDevice.release}. */
  keep(handle: Handle): Handle {
    if (!this.#open.at(-1)?.delete(handle.id)) throw new HandleError(handle.id);
    this.#kept.add(handle.id);
    return handle;
  }

  /** Frees what was kept; a second call is harmless. */
  release(handle: Handle): void {
    if (this.#kept.delete(handle.id)) this.binding.deleteTensor(handle.id);
  }

  /** Handles that do not change and are needed again and again; made on first use. @param bytes they take */
  constant(key: unknown, bytes: number, make: () => readonly Handle[]): readonly Handle[] {
    const known = this.#constants.get(key);
    if (known) {
      // To the young end.
      this.#constants.delete(key);
      this.#constants.set(key, known);
      return known.handles;
    }
    const own = new Map<number, Handle>();
    this.#open.push(own);
    try {
      const handles = make();
      for (const { id } of handles) own.delete(id);
      this.#constants.set(key, { handles, bytes });
      this.#constantBytes += bytes;
      return handles;
    } finally {
      this.#open.pop();
      for (const id of own.keys()) this.binding.deleteTensor(id);
    }
  }

  /** Frees a constant before its time; harmless where there is none. */
  forget(key: unknown): void {
    const known = this.#constants.get(key);
    if (!known) return;
    this.#constants.delete(key);
    this.#constantBytes -= known.bytes;
    for (const { id } of known.handles) this.binding.deleteTensor(id);
  }

  #trimConstants(): void {
    for (const key of this.#constants.keys()) {
      if (this.#constantBytes <= CONSTANT_BYTES && this.#constants.size <= 1024) return;
      this.forget(key);
    }
  }

  // What follows makes handles of the computation under way.

  #own(info: TensorInfo): Handle {
    const open = this.#open.at(-1);
    if (!open) {
      this.binding.deleteTensor(info.id);
      throw new HandleError(null);
    }
    open.set(info.id, info);
    return info;
  }

  #idOf(operand: Operand): number {
    return operand instanceof tf.Tensor ? this.backend.getInputTensorIds([operand])[0] : operand.id;
  }

  /** Uploads a copy of values. */
  upload(
    shape: readonly number[],
    dtype: ElementType,
    values: Float32Array | Int32Array | Uint8Array,
  ): Handle {
    return this.#own({ id: this.binding.createTensor(shape, dtype, values), shape: [...shape], dtype });
  }

  /** A float32 number, as a constant. */
  number(value: number): Handle {
    return this.constant(value, 4, () => [this.upload([], ElementType.float, Float32Array.of(value))])[0];
  }

  /** A list of integers, as a constant: axes, shapes, permutations. */
  integers(...values: number[]): Handle {
    const key = `[${values.join()}]`;
    const make = () => [this.upload([values.length], ElementType.int32, Int32Array.from(values))];
    return this.constant(key, 4 * values.length, make)[0];
  }

  /** One integer, as a constant. */
  integer(value: number): Handle {
    return this.constant(`i${value}`, 4, () => [this.upload([], ElementType.int32, Int32Array.of(value))])[0];
  }

  /** An attribute that names an element type. */
  type(name: string, value: number): OperationAttribute {
    return { name, type: this.binding.TF_ATTR_TYPE, value };
  }

  /** An attribute that is true or false. */
  flag(name: string, value: boolean): OperationAttribute {
    return { name, type: this.binding.TF_ATTR_BOOL, value };
  }

  /** An attribute that is an integer. */
  count(name: string, value: number): OperationAttribute {
    return { name, type: this.binding.TF_ATTR_INT, value };
  }

  /** Runs any operation. */
  operations(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly Operand[],
    outputs: number,
  ): Handle[] {
    const ids = inputs.map((input) => this.#idOf(input));
    return this.binding.executeOp(name, attributes, ids, outputs).map((info) => this.#own(info));
  }

  /** Runs an operation with one output. @param dtype its attribute T */
  operation(
    name: string,
    inputs: readonly Operand[],
    dtype: number = ElementType.float,
    attributes: readonly OperationAttribute[] = [],
  ): Handle {
    return this.operations(name, [this.type("T", dtype), ...attributes], inputs, 1)[0];
  }

  /** To another element type; a new handle in any case. */
  cast(x: Operand, from: number, to: number): Handle {
    return this.operations("Cast", [this.type("SrcT", from), this.type("DstT", to)], [x], 1)[0];
  }

  /** The same bytes taken for another element type; where that is wider the last axis goes. */
  bitcast(x: Operand, from: number, to: number): Handle {
    return this.operations("Bitcast", [this.type("T", from), this.type("type", to)], [x], 1)[0];
  }

  /** The same values under another shape. */
  reshape(x: Operand, shape: readonly number[], dtype: number = ElementType.float): Handle {
    return this.operation("Reshape", [x, this.integers(...shape)], dtype, [
      this.type("Tshape", ElementType.int32),
    ]);
  }

  /** Float32 with its axes in another order. */
  transpose(x: Operand, permutation: readonly number[]): Handle {
    return this.operation("Transpose", [x, this.integers(...permutation)], ElementType.float, [
      this.type("Tperm", ElementType.int32),
    ]);
  }

  /** A part of a float32 tensor. @param size of each axis */
  slice(x: Operand, begin: readonly number[], size: readonly number[]): Handle {
    return this.operation("Slice", [x, this.integers(...begin), this.integers(...size)], ElementType.float, [
      this.type("Index", ElementType.int32),
    ]);
  }

  /** Float32 tensors one after the other along an axis. */
  concat(parts: readonly Operand[], axis: number): Handle {
    return this.operation("ConcatV2", [...parts, this.integer(axis)], ElementType.float, [
      this.count("N", parts.length),
      this.type("Tidx", ElementType.int32),
    ]);
  }

  /** a + b, float32; shapes are broadcast. */
  add(a: Operand, b: Operand): Handle {
    return this.operation("AddV2", [a, b]);
  }

  /** a − b, float32; shapes are broadcast. */
  subtract(a: Operand, b: Operand): Handle {
    return this.operation("Sub", [a, b]);
  }

  /** a · b, element by element; shapes are broadcast. */
  multiply(a: Operand, b: Operand, dtype: number = ElementType.float): Handle {
    return this.operation("Mul", [a, b], dtype);
  }

  /** Over one axis, which stays with length 1 where `keepsAxis`. */
  reduce(name: "Sum" | "Mean" | "Max", x: Operand, axes: readonly number[], keepsAxis: boolean): Handle {
    return this.operation(name, [x, this.integers(...axes)], ElementType.float, [
      this.type("Tidx", ElementType.int32),
      this.flag("keep_dims", keepsAxis),
    ]);
  }

  /** op(a) · op(b) of matrices of one element type. */
  matrixProduct(
    a: Operand,
    b: Operand,
    transposeA: boolean,
    transposeB: boolean,
    dtype: number = ElementType.float,
  ): Handle {
    return this.operation("MatMul", [a, b], dtype, [
      this.flag("transpose_a", transposeA),
      this.flag("transpose_b", transposeB),
    ]);
  }

  /** Products of batches of matrices, float32. */
  batchProduct(a: Operand, b: Operand, transposeA: boolean, transposeB: boolean): Handle {
    return this.operation("BatchMatMulV2", [a, b], ElementType.float, [
      this.flag("adj_x", transposeA),
      this.flag("adj_y", transposeB),
    ]);
  }

  /**
   * op(a) · op(b) of float32 matrices, rounded to half for the product where `type` says so; float32 again afterwards.
   */
  product(type: ProductType, a: Operand, b: Operand, transposeA: boolean, transposeB: boolean): Handle {
    if (type === ElementType.float) return this.matrixProduct(a, b, transposeA, transposeB);
    const [left, right] = [a, b].map((x) => this.cast(x, ElementType.float, type));
    const rounded = this.matrixProduct(left, right, transposeA, transposeB, type);
    this.free(left, right);
    const result = this.cast(rounded, type, ElementType.float);
    this.free(rounded);
    return result;
  }
}

const devices = new WeakMap<NodeBackend, TensorFlowDevice>();

/** The device of a backend. */
export function deviceOf(backend: NodeBackend, memory: HandleMemory): TensorFlowDevice {
  let device = devices.get(backend);
  if (!device) devices.set(backend, (device = new TensorFlowDevice(backend, memory)));
  return device;
}

/** The device of the engine in use. @throws WrongEngineError where that is not one on TensorFlow */
export function activeDevice(): TensorFlowDevice {
  const device = devices.get(tf.backend() as NodeBackend);
  if (device) return device;
  throw new WrongEngineError(["tensorflow", "cuda"], tf.getBackend());
}
