import { type NestedScales, NF4_SCALE_GROUP } from "@lathe/kernels";
import { nestScales } from "./nest-scales.js";
import type { MatrixFormatName, PackedFormatName } from "./format-names.js";
import type { Codes } from "./matrix-format.js";
import { matrixFormats } from "./matrix-formats.js";

/** A weight matrix in a packed format, on the host: plain data that the native kernels take as it is. */
export interface PackedMatrix {
  readonly format: MatrixFormatName;
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  /**
   * Row-major: an Int8Array [O, I] for int8, a Uint8Array [O, ⌈I/2⌉] for nf4 and [O, I] for fp8, the bit patterns in a Uint16Array [O, I] for
   * fp16 and bf16.
   */
  readonly codes: Codes;
  /** [O] one scale an output row (int8), [O, ⌈I/64⌉] or [O, ⌈I/128⌉] one a block (nf4 that is not nested, fp8), or null. */
  readonly scales: Float32Array | null;
  /** Scales of nf4 that are quantised themselves. */
  readonly nested?: NestedScales | undefined;
}

/** A matrix to be filled row by row: its scales, if any, are float32 until {@link finished}. */
export interface UnfinishedMatrix<Name extends MatrixFormatName = PackedFormatName> extends PackedMatrix {
  readonly format: Name;
  readonly nested?: undefined;
}

/**
 * A matrix of zero codes, to be filled row by row.
 * @param allocate gives zeroed memory for the codes, aligned to their elements; of the JavaScript heap if left out
 * @throws RangeError on a shape that is not two counts
 */
export function emptyPackedMatrix<Name extends MatrixFormatName>(
  format: Name,
  shape: readonly [number, number],
  allocate: (bytes: number) => ArrayBuffer = (bytes) => new ArrayBuffer(bytes),
): UnfinishedMatrix<Name> {
  checkShape(shape);
  const spec = matrixFormats[format];
  const [rows, columns] = shape;
  return {
    format,
    shape,
    codes: spec.codesIn(allocate(rows * spec.codesInRow(columns) * spec.codeBytes)),
    scales: spec.scaling === "none" ? null : new Float32Array(rows * spec.scalesInRow(columns)).fill(1),
  };
}

/** A matrix whose rows are all there: scales of blocks are quantised in their turn. */
export function finished(matrix: UnfinishedMatrix): PackedMatrix {
  const { format, scales } = matrix;
  if (!matrixFormats[format].nestsScales) return matrix;
  return { ...matrix, scales: null, nested: nestScales(scales!) };
}

/**
 * Exact bytes of a matrix in a format, codes and scales; the matrix need not exist yet. The map of nested scales, 1 KiB,
 * is not counted: matrices share it.
 */
export function packedBytes(
  matrix: Pick<PackedMatrix, "format" | "shape"> & Partial<Pick<PackedMatrix, "scales">>,
): number {
  const { codeBytes, codesInRow, scalesInRow, nestsScales } = matrixFormats[matrix.format];
  const [rows, columns] = matrix.shape;
  const scales = rows * scalesInRow(columns);
  const isNested = nestsScales && !matrix.scales;
  return (
    rows * codesInRow(columns) * codeBytes +
    (isNested
      ? scales + (Math.ceil(scales / NF4_SCALE_GROUP) + 1) * Float32Array.BYTES_PER_ELEMENT
      : scales * Float32Array.BYTES_PER_ELEMENT)
  );
}

/** @throws RangeError when codes or scales are not of the format and shape that the matrix states */
export function checkPackedMatrix({ format, shape, codes, scales, nested }: PackedMatrix): void {
  checkShape(shape);
  const { codeBytes, codesInRow, scalesInRow, nestsScales } = matrixFormats[format];
  const [rows, columns] = shape;
  const expect = (what: string, expected: number, actual: number): void => {
    if (actual === expected) return;
    throw new RangeError(
      `packed ${format} matrix: expected ${expected} ${what} for shape [${shape.join(", ")}], got ${actual}`,
    );
  };
  const expectedCodes = rows * codesInRow(columns);
  if (codes.length !== expectedCodes || codes.BYTES_PER_ELEMENT !== codeBytes) {
    throw new RangeError(
      `packed ${format} matrix: expected ${expectedCodes} codes of ${codeBytes} bytes for shape ` +
        `[${shape.join(", ")}], got ${codes.length} of ${codes.BYTES_PER_ELEMENT}`,
    );
  }
  const blocks = rows * scalesInRow(columns);
  if (nested === undefined) {
    expect("scales", blocks, scales?.length ?? 0);
    return;
  }
  if (!nestsScales || scales !== null) {
    throw new RangeError(
      `packed ${format} matrix: expected ${nestsScales ? "scales or nested scales" : "no nested scales"}, got ` +
        (nestsScales ? "both" : "some"),
    );
  }
  expect("codes of scales", blocks, nested.codes.length);
  expect("scales of scales", Math.ceil(blocks / NF4_SCALE_GROUP), nested.scales.length);
  expect("values in the map of scales", 256, nested.map.length);
  if (!Number.isFinite(nested.offset)) {
    throw new RangeError(`packed ${format} matrix: expected a finite offset of scales, got ${nested.offset}`);
  }
}

export function checkShape(shape: readonly number[]): void {
  if (shape.length !== 2 || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new RangeError(`packed matrix: expected a shape [O, I] of two counts, got [${shape.join(", ")}]`);
  }
}
