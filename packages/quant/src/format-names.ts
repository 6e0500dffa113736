/** Names of the formats a weight can be packed in. */
export type PackedFormatName = "int8" | "nf4" | "fp16" | "bf16";

/** Names of the formats that a weight matrix is held in: those that weights are packed in, and 8-bit floats as they are published. */
export type MatrixFormatName = PackedFormatName | "fp8";
