/**
 * The binding of `@tensorflow/tfjs-node-gpu` as TypeScript sees it: what its C++ exports, and the numbers TensorFlow
 * gives to element types.
 */

/** Element types as TensorFlow numbers them. */
export const ElementType = {
  float: 1,
  int32: 3,
  uint8: 4,
  int8: 6,
  bool: 10,
  bfloat16: 14,
  half: 19,
} as const;

/** Number of an element type. */
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

/** Names of element types, for people. */
export const elementTypeNames = Object.keys(ElementType) as readonly (keyof typeof ElementType)[];

/** What an operation made: a number that stands for a tensor in TensorFlow's memory. */
export interface TensorInfo {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** An attribute of an operation. */
export interface OperationAttribute {
  readonly name: string;
  /** One of the binding's `TF_ATTR_…`. */
  readonly type: number;
  readonly value: unknown;
}

/** The compiled binding. All calls are synchronous. */
export interface TensorFlowBinding {
  readonly TF_Version: string;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  /** Whether it computes on a card. */
  isUsingGpuDevice(): boolean;
  /** Copies to the device, but for int32, which stays on the host. An array at an aligned address may be used in place. */
  createTensor(
    shape: readonly number[],
    dtype: number,
    values: Float32Array | Int32Array | Uint8Array,
  ): number;
  /** Frees a tensor. @throws Error if there is none of this number */
  deleteTensor(id: number): void;
  /** Values of float, int32, int64, bool and string tensors alone. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  /** Runs an operation of TensorFlow's at once. */
  executeOp(
    name: string,
    attributes: readonly OperationAttribute[],
    inputIds: readonly number[],
    outputs: number,
  ): TensorInfo[];
  /** Tensors alive. */
  getNumOfTensors(): number;
}
