import { float32ToFloat16, type RowRange } from "@lathe/model";
import { phrase } from "@lathe/files";
import { ExportError } from "../errors.js";
import type { GraphTensor, PutBytes } from "./onnx-graph.js";
import type { ElementType, TensorHead } from "./onnx-proto.js";
import { PACKED_BLOCK, packFourBits } from "./pack-four-bits.js";

/** Numbers of a tensor that are in memory at one time: 32 MiB of float32. */
const PIECE_VALUES = 8 * 1024 * 1024;

/** Where the numbers of a graph's tensor come from. */
export interface WeightSource {
  /** [rows, columns], or [values] */
  readonly shape: readonly number[];
  /** Values of some rows of the first axis, row-major. */
  read(rows: RowRange): Promise<Float32Array>;
}

/** Floats as a graph stores them, little-endian. @throws ExportError for a number that has no place in float16 */
function floatBytes(values: Float32Array, type: "float32" | "float16", name: string): Uint8Array {
  if (type === "float32") {
    const bytes = new Uint8Array(4 * values.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], true);
    return bytes;
  }
  const patterns = float32ToFloat16(values);
  const bytes = new Uint8Array(2 * patterns.length);
  for (let i = 0; i < patterns.length; i++) {
    if ((patterns[i] & 0x7fff) === 0x7c00) {
      throw new ExportError({
        path: name,
        expected: phrase`weights within the range of ${"float16"}`,
        actual: String(values[i]),
        remedy: "export it as fp32 or q4",
      });
    }
    bytes[2 * i] = patterns[i] & 0xff;
    bytes[2 * i + 1] = patterns[i] >>> 8;
  }
  return bytes;
}

/** Calls with a few rows after the other. */
async function eachPiece(
  { shape, read }: WeightSource,
  take: (values: Float32Array, start: number, count: number) => Promise<void>,
): Promise<void> {
  const [rows, columns = 1] = shape;
  const step = Math.max(1, Math.floor(PIECE_VALUES / columns));
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(rows, start + step);
    await take(await read({ start, end }), start, end - start);
  }
}

/** A tensor as it is. */
export function plainWeight(name: string, type: "float32" | "float16", source: WeightSource): GraphTensor {
  return {
    name,
    type,
    shape: source.shape,
    async write(put) {
      let at = 0;
      await eachPiece(source, async (values) => {
        const bytes = floatBytes(values, type, name);
        await put(bytes, at);
        at += bytes.byteLength;
      });
    },
  };
}

/** A matrix [out, in] turned to [in, out], as `MatMul` takes it. */
export function turnedWeight(name: string, type: "float32" | "float16", source: WeightSource): GraphTensor {
  const [rows, columns] = source.shape;
  const size = type === "float32" ? 4 : 2;
  return {
    name,
    type,
    shape: [columns, rows],
    async write(put) {
      await eachPiece(source, async (values, start, count) => {
        const turned = new Float32Array(values.length);
        for (let row = 0; row < count; row++) {
          for (let column = 0; column < columns; column++) {
            turned[column * count + row] = values[row * columns + column];
          }
        }
        const bytes = floatBytes(turned, type, name);
        if (count === rows) {
          await put(bytes, 0);
          return;
        }
        for (let column = 0; column < columns; column++) {
          const run = bytes.subarray(column * count * size, (column + 1) * count * size);
          await put(run, (column * rows + start) * size);
        }
      });
    },
  };
}

/** A matrix [out, in] in 4 bits: its codes and their scales. */
export function packedWeights(
  name: string,
  source: WeightSource,
): { readonly codes: GraphTensor; readonly scales: GraphTensor } {
  const [rows, columns] = source.shape;
  const blocks = Math.ceil(columns / PACKED_BLOCK);
  const part = (head: TensorHead, take: (values: Float32Array) => Uint8Array): GraphTensor => ({
    ...head,
    async write(put: PutBytes) {
      let at = 0;
      await eachPiece(source, async (values) => {
        const bytes = take(values);
        await put(bytes, at);
        at += bytes.byteLength;
      });
    },
  });
  const named = (end: string, type: ElementType, shape: readonly number[]): TensorHead => ({
    name: `${name}.${end}`,
    type,
    shape,
  });
  return {
    codes: part(
      named("codes", "uint8", [rows, blocks, PACKED_BLOCK / 2]),
      (values) => packFourBits(values, columns).codes,
    ),
    scales: part(named("scales", "float32", [rows, blocks]), (values) =>
      floatBytes(packFourBits(values, columns).scales, "float32", name),
    ),
  };
}
