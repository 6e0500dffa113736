import type { Codes, PackedFormatName } from "./packed-format.js";
import { packedFormats } from "./packed-formats.js";

/** A weight matrix in a packed format, on the host: plain data, owned by whoever made it. */
export interface PackedMatrix {
  readonly format: PackedFormatName;
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  /** [O, I] row-major: an Int8Array for int8, the bit patterns in a Uint16Array for fp16 and bf16. */
  readonly codes: Codes;
  /** [O] one scale an output row, or null where the format has none. */
  readonly scales: Float32Array | null;
}

/** A matrix of zero codes, to be filled row by row. @throws RangeError on a shape that is not two counts */
export function emptyPackedMatrix(format: PackedFormatName, shape: readonly [number, number]): PackedMatrix {
  checkShape(shape);
  const spec = packedFormats[format];
  const [rows, columns] = shape;
  return {
    format,
    shape,
    codes: spec.makeCodes(rows * columns),
    scales: spec.hasRowScales ? new Float32Array(rows).fill(1) : null,
  };
}

/** Exact bytes of a matrix in a format, codes and scales; the matrix need not exist yet. */
export function packedBytes({ format, shape }: Pick<PackedMatrix, "format" | "shape">): number {
  const { codeBytes, hasRowScales } = packedFormats[format];
  const [rows, columns] = shape;
  return rows * columns * codeBytes + (hasRowScales ? rows * Float32Array.BYTES_PER_ELEMENT : 0);
}

/** @throws RangeError when codes or scales are not of the format and shape that the matrix states */
export function checkPackedMatrix({ format, shape, codes, scales }: PackedMatrix): void {
  checkShape(shape);
  const { codeBytes, hasRowScales } = packedFormats[format];
  const [rows, columns] = shape;
  if (codes.length !== rows * columns || codes.BYTES_PER_ELEMENT !== codeBytes) {
    throw new RangeError(
      `packed ${format} matrix: expected ${rows * columns} codes of ${codeBytes} bytes for shape ` +
        `[${shape.join(", ")}], got ${codes.length} of ${codes.BYTES_PER_ELEMENT}`,
    );
  }
  const expectedScales = hasRowScales ? rows : 0;
  if ((scales?.length ?? 0) !== expectedScales) {
    throw new RangeError(
      `packed ${format} matrix: expected ${expectedScales} scales for shape [${shape.join(", ")}], got ${scales?.length ?? 0}`,
    );
  }
}

export function checkShape(shape: readonly number[]): void {
  if (shape.length !== 2 || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new RangeError(`packed matrix: expected a shape [O, I] of two counts, got [${shape.join(", ")}]`);
  }
}
