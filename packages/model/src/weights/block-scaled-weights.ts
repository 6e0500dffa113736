import { phrase } from "@lathe/files";
import { FP8_BLOCK, fromFp8Blocks } from "@lathe/kernels";
import { WeightsError } from "../errors.js";
import { swapOnBigEndianHost } from "./little-endian.js";
import type { StoredWeights } from "./stored-weights.js";
import { dtypeSizes, type RawTensor, type RowRange, type TensorInfo } from "./tensor-info.js";
import { widenToFloat32 } from "./widen-to-float32.js";

/** What the name of the scales of a weight ends with; they are multipliers in spite of it. */
const SCALE_SUFFIX = "_scale_inv";

/**
 * Weights of which the matrices of 8-bit floats with a scale a block of 128 × 128 (DeepSeek-V3, arXiv:2412.19437, §3.3.2) read
 * as the bfloat16 matrices they stand for, as Transformers reads them: each number times its block's scale in float32, rounded to
 * bfloat16. As they are stored, `holdBlockScaled` gives them. Their scales are no tensors of their own any more. All else is as it was.
 *
 * Axes: O rows, I columns, scales [⌈O / 128⌉, ⌈I / 128⌉].
 */
export function withBlockScales(weights: StoredWeights): StoredWeights {
  const isScaled = (name: string): boolean =>
    weights.has(name + SCALE_SUFFIX) && weights.info(name).dtype === "F8_E4M3";
  const isScale = (name: string): boolean => {
    if (!name.endsWith(SCALE_SUFFIX)) return false;
    const of = name.slice(0, -SCALE_SUFFIX.length);
    return weights.has(of) && isScaled(of);
  };
  if (!weights.names().some((name) => isScale(name))) return weights;

  // As the memory of an engine does, whose host is little-endian as files are.
  const widen = weights.memory?.fromFp8Blocks ?? fromFp8Blocks;
  const readHalves = async (
    name: string,
    rows?: RowRange,
    target?: Uint8Array<ArrayBuffer>,
  ): Promise<RawTensor> => {
    const [rowCount, width] = weights.info(name).shape as [number, number];
    const scales = await scalesOf(weights, name, rowCount, width);
    const { bytes: codes, shape } = await weights.readRaw(name, rows);
    const byteLength = codes.length * dtypeSizes.BF16;
    const bytes = target?.subarray(0, byteLength) ?? new Uint8Array(byteLength);
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, codes.length);
    if (codes.length > 0) widen(codes, width, rows?.start ?? 0, scales, halves);
    swapOnBigEndianHost(bytes, dtypeSizes.BF16);
    return { dtype: "BF16", shape, bytes };
  };
  const infoOf = (name: string): TensorInfo => {
    const info = weights.info(name);
    if (!isScaled(name)) return info;
    const fileBytes = info.byteLength + weights.info(name + SCALE_SUFFIX).byteLength;
    return { ...info, dtype: "BF16", byteLength: info.elementCount * dtypeSizes.BF16, fileBytes };
  };
  return {
    ...weights,
    names: () => weights.names().filter((name) => !isScale(name)),
    has: (name) => weights.has(name) && !isScale(name),
    info: infoOf,
    async readFloat32(name, rows) {
      if (!isScaled(name)) return await weights.readFloat32(name, rows);
      const { bytes } = await readHalves(name, rows);
      const values = new Float32Array(bytes.length / dtypeSizes.BF16);
      widenToFloat32("BF16", bytes, values);
      return values;
    },
    async readRaw(name, rows, target) {
      if (!isScaled(name)) return await weights.readRaw(name, rows, target);
      return await readHalves(name, rows, target);
    },
    async holdBlockScaled(name) {
      if (!isScaled(name)) return null;
      const [rowCount, width] = weights.info(name).shape as [number, number];
      const scales = scalesOfRows(await scalesOf(weights, name, rowCount, width), rowCount);
      const { bytes: codes, release } = await weights.hold(name);
      return { codes, scales, release };
    },
    async hold(name) {
      if (!isScaled(name)) return await weights.hold(name);
      return { ...(await readHalves(name)), release: () => undefined };
    },
  };
}

/** Scales a block of each of so many rows, of scales a block of 128 rows. */
function scalesOfRows(scales: Float32Array, rows: number): Float32Array {
  const inRow = scales.length / Math.ceil(rows / FP8_BLOCK);
  const ofRows = new Float32Array(rows * inRow);
  for (let row = 0; row < rows; row++) {
    const first = Math.floor(row / FP8_BLOCK) * inRow;
    ofRows.set(scales.subarray(first, first + inRow), row * inRow);
  }
  return ofRows;
}

/** @throws WeightsError when the scales are not one a block, or not finite */
async function scalesOf(
  weights: StoredWeights,
  name: string,
  rows: number,
  columns: number,
): Promise<Float32Array> {
  const tensor = name + SCALE_SUFFIX;
  const { shape } = weights.info(tensor);
  const expected = [Math.ceil(rows / FP8_BLOCK), Math.ceil(columns / FP8_BLOCK)];
  if (shape.length !== 2 || shape[0] !== expected[0] || shape[1] !== expected[1]) {
    throw new WeightsError({
      path: weights.pathOf(tensor),
      tensor,
      expected: phrase`a scale for each block of ${FP8_BLOCK} × ${FP8_BLOCK}, [${expected.join(", ")}]`,
      actual: `[${shape.join(", ")}]`,
    });
  }
  const scales = await weights.readFloat32(tensor);
  const faulty = scales.findIndex((scale) => !Number.isFinite(scale));
  if (faulty >= 0) {
    throw new WeightsError({
      path: weights.pathOf(tensor),
      tensor,
      expected: "scales that are finite",
      actual: phrase`${scales[faulty]} for the block ${Math.floor(faulty / expected[1])}, ${faulty % expected[1]}`,
      remedy: "the file is damaged; download it again",
    });
  }
  return scales;
}
