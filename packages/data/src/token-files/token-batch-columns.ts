import { DataType, Precision, type RecordBatch, type Schema } from "apache-arrow";
import { asPhrase, phrase, SpokenError } from "@lathe/files";
import { TokenFileError } from "./token-file-error.js";

/** The columns of a record batch of token rows. Of lists, row r has the values from `offsets[r]` to `offsets[r + 1]`. */
export interface TokenColumns {
  /** [rows + 1] */
  readonly idOffsets: Int32Array;
  readonly ids: Int32Array;
  /** [rows + 1] */
  readonly labelOffsets: Int32Array;
  readonly labels: Int32Array;
  /** [rows] numbers of the rows where they come from; null where the file has none. */
  readonly rows: Int32Array | null;
  /** [rows] factors on the losses of their labels; null where the file has none. */
  readonly weights: Float64Array | null;
}

/** @throws TokenFileError for a schema without lists of whole numbers `input_ids` and `labels` */
export function checkTokenColumns(path: string, schema: Schema): void {
  for (const name of ["input_ids", "labels"]) {
    const field = schema.fields.find((candidate) => candidate.name === name);
    const isTokens =
      field !== undefined && DataType.isList(field.type) && isWhole(field.type.children[0].type as DataType);
    if (!isTokens) {
      const got = schema.fields.map(({ name: column, type }) => `${column}: ${String(type)}`).join(", ");
      throw new TokenFileError(
        path,
        phrase`has no column ${name} of type List<Int32>; its columns are ${got || asPhrase("none")}`,
      );
    }
  }
  const row = schema.fields.find(({ name }) => name === "row");
  if (row !== undefined && !isWhole(row.type as DataType)) {
    throw new TokenFileError(path, phrase`has a column row of type ${String(row.type)}, expected Int32`);
  }
  const weight = schema.fields.find(({ name }) => name === "weight");
  if (weight !== undefined && !isReal(weight.type as DataType)) {
    throw new TokenFileError(
      path,
      phrase`has a column weight of type ${String(weight.type)}, expected Float64`,
    );
  }
}

/**
 * The columns of a record batch. Where it has 32-bit integers these are views of it and nothing is copied; 64-bit integers, as other
 * libraries write labels, are narrowed.
 *
 * @throws SpokenError that says what is wrong with them
 */
export function tokenColumns(batch: RecordBatch, rows: number): TokenColumns {
  if (batch.numRows !== rows) throw new SpokenError(phrase`a batch of ${rows} rows has ${batch.numRows}`);
  const [idOffsets, ids] = listColumn(batch, "input_ids");
  const [labelOffsets, labels] = listColumn(batch, "labels");
  for (let row = 0; row < rows; row++) {
    if (idOffsets[row + 1] - idOffsets[row] !== labelOffsets[row + 1] - labelOffsets[row]) {
      throw new SpokenError("a row has not as many labels as ids");
    }
  }
  const numbers = batch.getChild("row")?.data[0];
  const weights = batch.getChild("weight")?.data[0];
  return {
    idOffsets,
    ids,
    labelOffsets,
    labels,
    weights:
      weights === undefined ? null : checkedWeights(weights.values as Float32Array | Float64Array, rows),
    rows: numbers === undefined ? null : narrowed(numbers.values as Int32Array | BigInt64Array, "row"),
  };
}

/** 32 or 64 bits, with a sign. */
function isWhole(type: DataType): boolean {
  return DataType.isInt(type) && type.bitWidth >= 32 && type.isSigned;
}

/** 32 or 64 bits. */
function isReal(type: DataType): boolean {
  return DataType.isFloat(type) && type.precision !== Precision.HALF;
}

function checkedWeights(values: Float32Array | Float64Array, rows: number): Float64Array {
  const weights = values instanceof Float64Array ? values : Float64Array.from(values);
  const odd = weights.subarray(0, rows).findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (odd !== -1) throw new SpokenError(phrase`column weight has ${weights[odd]}, expected a number from 0`);
  if (weights.length < rows) throw new SpokenError("column weight is shorter than the others");
  return weights;
}

function listColumn(batch: RecordBatch, name: string): [offsets: Int32Array, values: Int32Array] {
  const data = batch.getChild(name)?.data[0];
  const items = data?.children[0];
  if (data === undefined || items === undefined) throw new SpokenError(phrase`column ${name} is empty`);
  if (data.nullCount > 0 || items.nullCount > 0) throw new SpokenError(phrase`column ${name} has nulls`);
  // Both arrays may be padded at their end.
  const offsets = (data.valueOffsets as Int32Array).subarray(0, data.length + 1);
  const values = items.values as Int32Array | BigInt64Array;
  const ordered = offsets.every((at, index) => at >= (index === 0 ? 0 : offsets[index - 1]));
  if (offsets.length !== data.length + 1 || !ordered || offsets[data.length] > values.length) {
    throw new SpokenError(phrase`column ${name} points outside of its values`);
  }
  return [offsets, narrowed(values, name)];
}

function narrowed(values: Int32Array | BigInt64Array, name: string): Int32Array {
  if (values instanceof Int32Array) return values;
  return Int32Array.from(values, (value) => {
    const number = Number(value);
    if (number !== (number | 0))
      throw new SpokenError(phrase`column ${name} has ${String(value)}, which no token has`);
    return number;
  });
}
