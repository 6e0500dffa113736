import type { BlockFormat } from "./block-format.js";
import { bf16, f16, f32 } from "./floats.js";
import { q4_0 } from "./q4-0.js";
import { q4_k } from "./q4-k.js";
import { q5_0 } from "./q5-0.js";
import { q6_k } from "./q6-k.js";
import { q8_0 } from "./q8-0.js";

/** The formats of tensors that are read and written, by the names that GGUF has for them. */
export const blockFormats = {
  F32: f32,
  F16: f16,
  BF16: bf16,
  Q8_0: q8_0,
  Q5_0: q5_0,
  Q4_0: q4_0,
  Q6_K: q6_k,
  Q4_K: q4_k,
} as const satisfies Readonly<Record<string, BlockFormat>>;

/** A format of a tensor. */
export type BlockFormatName = keyof typeof blockFormats;

/** Names of the formats. */
export const blockFormatNames = Object.keys(blockFormats) as readonly BlockFormatName[];
