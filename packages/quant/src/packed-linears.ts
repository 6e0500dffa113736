import {
  type Checkpoint,
  CheckpointError,
  type Linear,
  type ReadLinear,
  readDenseLinear,
  type StoredLinear,
} from "@lathe/model";
import type { PackedFormatName } from "./packed-format.js";
import { isPackedFolder } from "./quantization-config.js";
import { QuantizedLinear } from "./quantized-linear.js";
import { quantizeStored } from "./quantize-stored.js";

/**
 * Reads a linear of a packed folder: I8 weights with their scales as they are stored, others (the head, and what else
 * the folder leaves out) in the type they are stored in.
 * @throws CheckpointError when scales are missing, of another shape, or not positive numbers
 */
export const readPackedLinear: ReadLinear = async (checkpoint, stored) => {
  const { weight, bias, shape } = stored;
  if (checkpoint.info(weight).dtype !== "I8") return await readAsStored(checkpoint, stored);
  const scales = await readScales(checkpoint, weight, shape[0]);
  await refuseZeroPoints(checkpoint, weight);
  const { bytes } = await checkpoint.readRaw(weight);
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new QuantizedLinear(
    { format: "int8", shape, codes, scales },
    bias === null ? null : await checkpoint.readFloat32(bias),
  );
};

/**
 * What reads the linears of a packed folder.
 * @throws ModelConfigError when its config.json does not describe int8 weights with a scale a row
 */
export async function packedLinears(folder: string): Promise<ReadLinear | null> {
  return (await isPackedFolder(folder)) ? readPackedLinear : null;
}

/** A linear in the type of its file: half precision stays half, anything wider becomes dense float32. */
export async function readAsStored(checkpoint: Checkpoint, stored: StoredLinear): Promise<Linear> {
  const { dtype } = checkpoint.info(stored.weight);
  const format: PackedFormatName | null = dtype === "F16" ? "fp16" : dtype === "BF16" ? "bf16" : null;
  if (format === null) return await readDenseLinear(checkpoint, stored);
  return await readQuantized(checkpoint, stored, format);
}

/** A linear packed while it is read. */
export async function readQuantized(
  checkpoint: Checkpoint,
  { weight, bias }: StoredLinear,
  format: PackedFormatName,
): Promise<Linear> {
  const matrix = await quantizeStored(checkpoint, weight, format);
  return new QuantizedLinear(matrix, bias === null ? null : await checkpoint.readFloat32(bias));
}

async function readScales(checkpoint: Checkpoint, weight: string, rows: number): Promise<Float32Array> {
  const name = `${weight}_scale`;
  const remedy =
    "the folder is damaged, or of a format that is not read; quantise the original weights again";
  if (!checkpoint.has(name)) {
    throw new CheckpointError({
      path: checkpoint.pathOf(weight),
      tensor: name,
      expected: `the scales of ${JSON.stringify(weight)}`,
      actual: "no such tensor",
      remedy,
    });
  }
  const path = checkpoint.pathOf(name);
  const { shape, dtype } = checkpoint.info(name);
  const isColumn = shape[0] === rows && (shape.length === 1 || (shape.length === 2 && shape[1] === 1));
  if (!isColumn || !["F32", "F16", "BF16"].includes(dtype)) {
    throw new CheckpointError({
      path,
      tensor: name,
      expected: `F32, F16 or BF16 of shape [${rows}, 1], a scale an output row`,
      actual: `${dtype} of shape [${shape.join(", ")}]`,
      remedy,
    });
  }
  const scales = await checkpoint.readFloat32(name);
  const faulty = scales.findIndex((scale) => !(scale >= 0 && scale < Infinity));
  if (faulty >= 0) {
    throw new CheckpointError({
      path,
      tensor: name,
      expected: "scales that are finite and not negative",
      actual: `${scales[faulty]} in row ${faulty}`,
      remedy,
    });
  }
  return scales;
}

/** Older writers store the zero points of symmetric weights too; others than zero would change every weight. */
async function refuseZeroPoints(checkpoint: Checkpoint, weight: string): Promise<void> {
  const name = `${weight}_zero_point`;
  if (!checkpoint.has(name)) return;
  const points = await checkpoint.readFloat32(name);
  const faulty = points.find((point) => point !== 0);
  if (faulty === undefined) return;
  throw new CheckpointError({
    path: checkpoint.pathOf(name),
    tensor: name,
    expected: "zero points of 0, as symmetric weights have",
    actual: String(faulty),
    remedy: "quantise the original weights again",
  });
}
