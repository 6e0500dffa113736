/**
 * Element types of the safetensors format with their size in bytes, in the order in which the reference implementation
 * ranks them; the writer sorts by it, so that wide types come first and every tensor stays aligned.
 */
export const dtypeSizes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

/** An element type of the safetensors format. */
export type Dtype = keyof typeof dtypeSizes;

/** Names of the known element types. */
export const dtypes = Object.keys(dtypeSizes) as readonly Dtype[];

/** What a header says of one tensor. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly elementCount: number;
  /** First byte, counted from the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Bytes that are read of files for it, where it reads as another type than it is stored in. @defaultValue byteLength */
  readonly fileBytes?: number;
}

/** Rows `start` up to, not including, `end`: of a tensor's first axis, or of a source of rows. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** A tensor, or some rows of it, as it lies in the file. */
export interface RawTensor {
  readonly dtype: Dtype;
  /** Shape of what was read: the first axis is the number of rows. */
  readonly shape: readonly number[];
  /** Little-endian, row-major, at the start of a buffer of its own unless a target was given, so that a view of any type fits. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A tensor as it lies in the file, held until it is released. */
export interface HeldTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Little-endian, row-major, aligned so that a view of the type fits. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Gives the bytes back, which must not be used from then on; a second call is harmless. */
  release(): void;
}

/** A matrix [O, I] of 8-bit floats (e4m3), each times the scale of its block, held until it is released. */
export interface HeldBlockScaled {
  /** [O, I] */
  readonly codes: Uint8Array<ArrayBuffer>;
  /** [O, ⌈I / 128⌉], one a block of a row */
  readonly scales: Float32Array;
  /** Gives the memory of the codes back, which must not be used from then on. */
  readonly release: () => void;
}
