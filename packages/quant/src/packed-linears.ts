import { phrase } from "@lathe/files";
import {
  type StoredWeights,
  WeightsError,
  DenseLinear,
  type Dtype,
  type Linear,
  packedSuffixes,
  type ReadLinear,
  readDenseLinear,
  type StoredLinear,
} from "@lathe/model";
import { dequantize } from "./dequantize.js";
import { readNf4 } from "./nf4-tensors.js";
import type { PackedFormatName } from "./format-names.js";
import { isPackedFolder } from "./quantization-config.js";
import { QuantizedLinear } from "./quantized-linear.js";
import { quantizeStored } from "./quantize-stored.js";

/**
 * What {@link readPackedLinear} holds a linear in: int8 and nf4 as they are stored, the head in 8 bits if it is not packed;
 * null where a linear that the folder leaves out stays in the type it is stored in.
 */
export function packedLinearFormat(
  { block }: Pick<StoredLinear, "block">,
  dtype: Dtype,
): PackedFormatName | null {
  if (dtype === "I8") return "int8";
  if (dtype === "U8") return "nf4";
  return block === "head" ? "int8" : null;
}

/**
 * Reads a linear of a packed folder, in the format of {@link packedLinearFormat}.
 * @throws WeightsError when scales are missing, of another shape, or no numbers that scales can be
 */
export const readPackedLinear: ReadLinear = async (weights, stored) => {
  const { dtype } = weights.info(stored.weight);
  if (dtype === "I8") return await readInt8(weights, stored);
  if (dtype === "U8") return await readNf4Linear(weights, stored);
  const format = packedLinearFormat(stored, dtype);
  return await (format === null ? readAsStored(weights, stored) : readQuantized(weights, stored, format));
};

async function readInt8(weights: StoredWeights, { weight, bias, shape }: StoredLinear): Promise<Linear> {
  const scales = await readScales(weights, weight, shape[0]);
  await refuseZeroPoints(weights, weight);
  const biasValues = await readBias(weights, bias);
  const { bytes, release } = await weights.hold(weight);
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new QuantizedLinear({ format: "int8", shape, codes, scales }, biasValues, release);
}

async function readNf4Linear(weights: StoredWeights, { weight, bias, shape }: StoredLinear): Promise<Linear> {
  const biasValues = await readBias(weights, bias);
  const { matrix, release } = await readNf4(weights, weight, shape);
  if (matrix.shape[1] === shape[1]) return new QuantizedLinear(matrix, biasValues, release);
  // Blocks run on from row to row, which no kernel takes: the same numbers, dense.
  const dense = dequantize(matrix);
  release();
  return new DenseLinear({ shape, weight: dense, bias: biasValues });
}

async function readBias(weights: StoredWeights, bias: string | null): Promise<Float32Array | null> {
  return bias === null ? null : await weights.readFloat32(bias);
}

/**
 * What reads the linears of a packed folder; null where its weights are not quantised.
 * @throws ModelConfigError when its config.json describes weights in a format that is not read
 */
export async function packedLinears(folder: string): Promise<ReadLinear | null> {
  return (await isPackedFolder(folder)) ? readPackedLinear : null;
}

/**
 * A linear in the type of its file: half precision stays half, anything wider becomes dense float32. 8-bit floats with a scale a block
 * stay so in the memory of the weights, if they have one, and become half floats else.
 */
export async function readAsStored(weights: StoredWeights, stored: StoredLinear): Promise<Linear> {
  const { weight, bias, shape } = stored;
  const scaled = (weights.memory && (await weights.holdBlockScaled?.(weight))) ?? null;
  if (scaled) {
    const { codes, scales, release } = scaled;
    return new QuantizedLinear(
      { format: "fp8", shape, codes, scales },
      await readBias(weights, bias),
      release,
    );
  }
  const { dtype } = weights.info(weight);
  const format: PackedFormatName | null = dtype === "F16" ? "fp16" : dtype === "BF16" ? "bf16" : null;
  if (format === null) return await readDenseLinear(weights, stored);
  return await readQuantized(weights, stored, format);
}

/** A linear packed while it is read. */
export async function readQuantized(
  weights: StoredWeights,
  { weight, bias }: StoredLinear,
  format: PackedFormatName,
): Promise<Linear> {
  const biasValues = await readBias(weights, bias);
  const { matrix, release } = await quantizeStored(weights, weight, format);
  return new QuantizedLinear(matrix, biasValues, release);
}

async function readScales(weights: StoredWeights, weight: string, rows: number): Promise<Float32Array> {
  const name = weight + packedSuffixes.int8Scale;
  const remedy =
    "the folder is damaged, or of a format that is not read; quantise the original weights again";
  if (!weights.has(name)) {
    throw new WeightsError({
      path: weights.pathOf(weight),
      tensor: name,
      expected: phrase`the scales of ${JSON.stringify(weight)}`,
      actual: "no such tensor",
      remedy,
    });
  }
  const path = weights.pathOf(name);
  const { shape, dtype } = weights.info(name);
  const isColumn = shape[0] === rows && (shape.length === 1 || (shape.length === 2 && shape[1] === 1));
  if (!isColumn || !["F32", "F16", "BF16"].includes(dtype)) {
    throw new WeightsError({
      path,
      tensor: name,
      expected: phrase`F32, F16 or BF16 of shape [${rows}, 1], a scale an output row`,
      actual: phrase`${dtype} of shape [${shape.join(", ")}]`,
      remedy,
    });
  }
  const scales = await weights.readFloat32(name);
  const faulty = scales.findIndex((scale) => !(scale >= 0 && scale < Infinity));
  if (faulty >= 0) {
    throw new WeightsError({
      path,
      tensor: name,
      expected: "scales that are finite and not negative",
      actual: phrase`${scales[faulty]} in row ${faulty}`,
      remedy,
    });
  }
  return scales;
}

/** Older writers store the zero points of symmetric weights too; others than zero would change every weight. */
async function refuseZeroPoints(weights: StoredWeights, weight: string): Promise<void> {
  const name = `${weight}_zero_point`;
  if (!weights.has(name)) return;
  const points = await weights.readFloat32(name);
  const faulty = points.find((point) => point !== 0);
  if (faulty === undefined) return;
  throw new WeightsError({
    path: weights.pathOf(name),
    tensor: name,
    expected: "zero points of 0, as symmetric weights have",
    actual: String(faulty),
    remedy: "quantise the original weights again",
  });
}
