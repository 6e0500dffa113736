/** A value of a GGUF file's metadata, with the type it has there; whole numbers of 64 bits are numbers where they fit. */
export type GgufValue =
  | {
      readonly type: "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "f32" | "u64" | "i64" | "f64";
      readonly value: number;
    }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | {
      readonly type: "array";
      readonly of: GgufScalarType;
      readonly value: readonly (number | boolean | string)[];
    };

/** The types of values that are no array, in the order of their numbers in a file but for the array's own, 9. */
export const ggufScalars = {
  u8: { id: 0, bytes: 1 },
  i8: { id: 1, bytes: 1 },
  u16: { id: 2, bytes: 2 },
  i16: { id: 3, bytes: 2 },
  u32: { id: 4, bytes: 4 },
  i32: { id: 5, bytes: 4 },
  f32: { id: 6, bytes: 4 },
  bool: { id: 7, bytes: 1 },
  /** At least: the length. */
  string: { id: 8, bytes: 8 },
  u64: { id: 10, bytes: 8 },
  i64: { id: 11, bytes: 8 },
  f64: { id: 12, bytes: 8 },
} as const;

/** The type of a value that is no array. */
export type GgufScalarType = keyof typeof ggufScalars;

/** The number of the array type in a file. */
export const ARRAY_ID = 9;

/** The metadata of a file, by key. */
export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** The first bytes of a file. */
export const GGUF_MAGIC = "GGUF";

/** The version that is written. */
export const GGUF_VERSION = 3;

/** Data of tensors begins at multiples of so many bytes, unless the metadata says otherwise. */
export const GGUF_ALIGNMENT = 32;
