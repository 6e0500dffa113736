import { phrase } from "@lathe/files";
import { WeightsError } from "../errors.js";
import { bfloat16ToFloat32, float32ToBfloat16 } from "./half-precision.js";
import type { StoredWeights } from "./stored-weights.js";
import { dtypeSizes, type RawTensor, type RowRange, type TensorInfo } from "./tensor-info.js";

/** What the name of the scales of a weight ends with; they are multipliers in spite of it. */
const SCALE_SUFFIX = "_scale_inv";

/** Sides of a block that has a scale: rows and columns. */
const BLOCK = 128;

/** The values of all 8-bit floats of type e4m3 without infinities (arXiv:2209.05433). */
const e4m3Values = Float32Array.from({ length: 256 }, (_, bits) => {
  const sign = bits & 0x80 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 3) & 0xf, bits & 7];
  if (exponent === 0xf && fraction === 7) return NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -9 : (1 + fraction / 8) * 2 ** (exponent - 7));
});

/**
 * Weights of which the matrices of 8-bit floats with a scale a block of 128 × 128 (DeepSeek-V3, arXiv:2412.19437, §3.3.2) read
 * as the bfloat16 matrices they stand for, as Transformers reads them: each number times its block's scale in float32, rounded to
 * bfloat16. Their scales are no tensors of their own any more. All else is as it was.
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

  const rowsOf = async (name: string, rows?: RowRange): Promise<Float32Array<ArrayBuffer>> => {
    const { shape } = weights.info(name);
    const [rowCount, width] = shape as [number, number];
    const scales = await scalesOf(weights, name, rowCount, width);
    const { bytes } = await weights.readRaw(name, rows);
    const perRow = Math.ceil(width / BLOCK);
    const values = new Float32Array(bytes.length);
    const firstRow = rows?.start ?? 0;
    for (let at = 0, row = firstRow; at < bytes.length; row++) {
      const ofRow = Math.floor(row / BLOCK) * perRow;
      for (let column = 0; column < width; column++, at++) {
        values[at] = e4m3Values[bytes[at]] * scales[ofRow + Math.floor(column / BLOCK)];
      }
    }
    return values;
  };
  const infoOf = (name: string): TensorInfo => {
    const info = weights.info(name);
    return isScaled(name)
      ? { ...info, dtype: "BF16", byteLength: info.elementCount * dtypeSizes.BF16 }
      : info;
  };
  const readHalves = async (name: string, rows?: RowRange): Promise<RawTensor> => {
    const values = await rowsOf(name, rows);
    const halves = new Uint16Array(values.length);
    float32ToBfloat16(values, halves);
    const [rowCount, width] = weights.info(name).shape;
    const shape = [rows ? rows.end - rows.start : rowCount, width];
    return { dtype: "BF16", shape, bytes: new Uint8Array(halves.buffer) };
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
      bfloat16ToFloat32(new Uint16Array(bytes.buffer), values);
      return values;
    },
    async readRaw(name, rows, target) {
      if (!isScaled(name)) return await weights.readRaw(name, rows, target);
      const raw = await readHalves(name, rows);
      if (!target) return raw;
      target.set(raw.bytes);
      return { ...raw, bytes: target.subarray(0, raw.bytes.length) };
    },
    async hold(name) {
      if (!isScaled(name)) return await weights.hold(name);
      return { ...(await readHalves(name)), release: () => undefined };
    },
  };
}

/** @throws WeightsError when the scales are not one a block */
async function scalesOf(
  weights: StoredWeights,
  name: string,
  rows: number,
  columns: number,
): Promise<Float32Array> {
  const tensor = name + SCALE_SUFFIX;
  const { shape } = weights.info(tensor);
  const expected = [Math.ceil(rows / BLOCK), Math.ceil(columns / BLOCK)];
  if (shape.length !== 2 || shape[0] !== expected[0] || shape[1] !== expected[1]) {
    throw new WeightsError({
      path: weights.pathOf(tensor),
      tensor,
      expected: phrase`a scale for each block of ${BLOCK} × ${BLOCK}, [${expected.join(", ")}]`,
      actual: `[${shape.join(", ")}]`,
    });
  }
  return await weights.readFloat32(tensor);
}
