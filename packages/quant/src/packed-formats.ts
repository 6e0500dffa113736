import { bf16 } from "./bf16.js";
import { fp16 } from "./fp16.js";
import { int8 } from "./int8.js";
import { nf4 } from "./nf4.js";
import type { PackedFormatName } from "./format-names.js";
import type { PackedFormat } from "./packed-format.js";

/** All formats, by name. */
export const packedFormats: Readonly<Record<PackedFormatName, PackedFormat>> = { int8, nf4, fp16, bf16 };

/** Names of all formats. */
export const packedFormatNames = Object.keys(packedFormats) as readonly PackedFormatName[];

/** Whether a text names a format. */
export function isPackedFormatName(text: string): text is PackedFormatName {
  return Object.hasOwn(packedFormats, text);
}
