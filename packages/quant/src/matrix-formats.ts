import { fp8 } from "./fp8.js";
import type { MatrixFormatName } from "./format-names.js";
import type { MatrixFormat } from "./matrix-format.js";
import { packedFormats } from "./packed-formats.js";

/** All formats that matrices are held in, by name. */
export const matrixFormats: Readonly<Record<MatrixFormatName, MatrixFormat>> = { ...packedFormats, fp8 };
