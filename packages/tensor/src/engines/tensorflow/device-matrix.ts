import { NF4_BLOCK, NF4_CODEBOOK, toBf16, type WeightMatrix, widenWeights } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import { ElementType } from "./addon-types.js";
import type { Handle, ProductType, TensorFlowDevice } from "./device.js";

/**
 * Packed weights on a device: the codes are uploaded once, as they are, but for 8-bit floats, which no product there takes and which
 * are uploaded as the half floats that they stand for; each product unpacks a block of rows, uses it and
 * frees it at once.
 */

/** Weights that are unpacked at one time: 128 MiB in half, and as much again while scales are applied. */
const UNPACKED_WEIGHTS = 64 * 2 ** 20;

interface RowBlock {
  readonly start: number;
  readonly rows: number;
  /** int8 and nf4: bytes [rows, codes a row]; bf16, fp16, fp32: [rows, I] of their type; fp8: [rows, I] in bf16. */
  readonly codes: Handle;
  /** [rows, 1] (int8) or [rows, blocks a row, 1] (nf4), float32; null where there are none. */
  readonly scales: Handle | null;
}

interface DeviceMatrix {
  readonly device: TensorFlowDevice;
  readonly blocks: readonly RowBlock[];
}

const uploaded = new WeakMap<WeightMatrix, DeviceMatrix>();

/** Frees what a matrix takes on the device; harmless where it was never uploaded. */
export function releaseMatrix(matrix: WeightMatrix): void {
  const found = uploaded.get(matrix);
  if (!found) return;
  uploaded.delete(matrix);
  freeBlocks(found.device, found.blocks);
}

function freeBlocks(device: TensorFlowDevice, blocks: readonly RowBlock[]): void {
  for (const { codes, scales } of blocks) {
    device.release(codes);
    if (scales) device.release(scales);
  }
}

function blocksOf(device: TensorFlowDevice, matrix: WeightMatrix): readonly RowBlock[] {
  const found = uploaded.get(matrix);
  if (found?.device === device) return found.blocks;
  releaseMatrix(matrix);
  const [rows, columns] = matrix.shape;
  const size = Math.max(1, Math.floor(UNPACKED_WEIGHTS / Math.max(1, columns)));
  const blocks: RowBlock[] = [];
  try {
    for (let start = 0; start < rows; start += size) {
      blocks.push(uploadBlock(device, matrix, start, Math.min(size, rows - start)));
    }
  } catch (error) {
    freeBlocks(device, blocks);
    throw error;
  }
  uploaded.set(matrix, { device, blocks });
  return blocks;
}

function uploadBlock(device: TensorFlowDevice, matrix: WeightMatrix, start: number, rows: number): RowBlock {
  return device.scratch(() => {
    const codes = device.keep(uploadCodes(device, matrix, start, rows));
    try {
      const scales = scalesOf(matrix, start, rows);
      return { start, rows, codes, scales: scales && device.keep(device.upload(...scales)) };
    } catch (error) {
      device.release(codes);
      throw error;
    }
  });
}

const ELEMENT_TYPES = {
  fp32: ElementType.float,
  bf16: ElementType.bfloat16,
  fp16: ElementType.half,
  int8: ElementType.int8,
  nf4: ElementType.uint8,
  fp8: ElementType.bfloat16,
} as const;

function uploadCodes(device: TensorFlowDevice, matrix: WeightMatrix, start: number, rows: number): Handle {
  const { format, shape, codes } = matrix;
  const width = format === "nf4" ? Math.ceil(shape[1] / 2) : shape[1];
  const own =
    format === "fp8"
      ? inHalves(widenWeights(matrix, start, start + rows))
      : codes.subarray(start * width, (start + rows) * width);
  if (own instanceof Float32Array) return device.upload([rows, width], ElementType.float, own);
  const bytes = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
  const size = own.BYTES_PER_ELEMENT;
  const raw = device.upload(size === 1 ? [rows, width] : [rows, width, size], ElementType.uint8, bytes);
  return format === "nf4" ? raw : device.bitcast(raw, ElementType.uint8, ELEMENT_TYPES[format]);
}

function inHalves(weights: Float32Array): Uint16Array {
  const halves = new Uint16Array(weights.length);
  toBf16(weights, halves);
  return halves;
}

type Upload = [shape: number[], dtype: typeof ElementType.float, values: Float32Array];

function scalesOf(matrix: WeightMatrix, start: number, rows: number): Upload | null {
  const { format, shape, scales, nested } = matrix;
  if (format === "int8") return [[rows, 1], ElementType.float, scales!.subarray(start, start + rows)];
  if (format !== "nf4") return null;
  const rowBlocks = Math.ceil(shape[1] / NF4_BLOCK);
  const [first, end] = [start * rowBlocks, (start + rows) * rowBlocks];
  // Widened once: 4 bytes for 64 weights instead of 1 saves a pass over the scales in every product.
  const values = nested
    ? Float32Array.from({ length: end - first }, (_, i) => {
        const group = Math.floor((first + i) / 256);
        return Math.fround(
          nested.offset + Math.fround(nested.scales[group] * nested.map[nested.codes[first + i]]),
        );
      })
    : scales!.subarray(first, end);
  return [[rows, rowBlocks, 1], ElementType.float, values];
}

/** The two values that each byte of nf4 stands for, [256, 2]. */
const PAIRS = Float32Array.from(
  { length: 512 },
  (_, i) => NF4_CODEBOOK[i % 2 === 0 ? i >> 5 : (i >> 1) & 15],
);

const nf4Pairs = Symbol("values of nf4 bytes");

/** Weights of a block in the type that products take, [rows, I]. */
function unpack(
  device: TensorFlowDevice,
  { format, shape }: WeightMatrix,
  { codes, scales, rows }: RowBlock,
  type: ProductType,
): Handle {
  const columns = shape[1];
  /** Steps through element types, freeing each on the way. */
  const through = (x: Handle, ...types: number[]): Handle => {
    let current = x;
    let from = x.dtype;
    for (const to of types) {
      if (to === from) continue;
      const next = device.cast(current, from, to);
      device.free(current);
      [current, from] = [next, to];
    }
    return current;
  };
  switch (format) {
    case "fp32":
    case "fp16":
      return through(codes, type);
    case "bf16":
    case "fp8":
      // Cards cast bfloat16 to and from float32 alone.
      return through(codes, ElementType.float, type);
    case "int8": {
      const bare = through(codes, type);
      const factors = type === ElementType.float ? scales! : device.cast(scales!, ElementType.float, type);
      const weights = device.multiply(bare, factors, type);
      device.free(bare, factors);
      return weights;
    }
    case "nf4": {
      const [table] = device.constant(`${String(nf4Pairs)}${type}`, 2048, () => {
        const pairs = device.upload([256, 2], ElementType.float, PAIRS);
        return [type === ElementType.float ? pairs : device.cast(pairs, ElementType.float, type)];
      });
      const places = device.cast(codes, ElementType.uint8, ElementType.int32);
      const pairs = device.operations(
        "GatherV2",
        [
          device.type("Tparams", type),
          device.type("Tindices", ElementType.int32),
          device.type("Taxis", ElementType.int32),
        ],
        [table, places, device.integer(0)],
        1,
      )[0];
      device.free(places);
      return scaleBlocks(device, pairs, scales!, rows, columns, type);
    }
  }
}

/** @param pairs [rows, ⌈I/2⌉, 2] @param scales [rows, ⌈I/64⌉, 1] @returns [rows, I] */
function scaleBlocks(
  device: TensorFlowDevice,
  pairs: Handle,
  scales: Handle,
  rows: number,
  columns: number,
  type: ProductType,
): Handle {
  const factors = type === ElementType.float ? scales : device.cast(scales, ElementType.float, type);
  const blocks = Math.ceil(columns / NF4_BLOCK);
  const width = 2 * Math.ceil(columns / 2);
  const typed = (name: string, inputs: Handle[], attribute: string): Handle =>
    device.operation(name, inputs, type, [device.type(attribute, ElementType.int32)]);
  let flat = device.reshape(pairs, [rows, width], type);
  device.free(pairs);
  if (width < blocks * NF4_BLOCK) {
    // A row that ends within a block is filled up for the product with its scale, and cut again.
    const amounts = device.constant(`pad ${blocks * NF4_BLOCK - width}`, 16, () => [
      device.upload([2, 2], ElementType.int32, Int32Array.of(0, 0, 0, blocks * NF4_BLOCK - width)),
    ])[0];
    const padded = typed("Pad", [flat, amounts], "Tpaddings");
    device.free(flat);
    flat = padded;
  }
  const inBlocks = device.reshape(flat, [rows, blocks, NF4_BLOCK], type);
  device.free(flat);
  const scaled = device.multiply(inBlocks, factors, type);
  device.free(inBlocks, factors);
  const whole = device.reshape(scaled, [rows, blocks * NF4_BLOCK], type);
  device.free(scaled);
  if (columns === blocks * NF4_BLOCK) return whole;
  const cut = typed("Slice", [whole, device.integers(0, 0), device.integers(rows, columns)], "Index");
  device.free(whole);
  return cut;
}

/** y = x Ŵᵀ + b. @param x [N, I] float32 @param bias [O] or null @returns [N, O], owned by the caller */
export function matrixForward(
  device: TensorFlowDevice,
  type: ProductType,
  x: tf.Tensor,
  matrix: WeightMatrix,
  bias: tf.Tensor | null,
): tf.Tensor {
  const blocks = blocksOf(device, matrix);
  return device.computeOne(() => {
    const rows = type === ElementType.float ? x : device.cast(x, ElementType.float, type);
    const parts = blocks.map((block) => {
      const weights = unpack(device, matrix, block, type);
      const part = device.matrixProduct(rows, weights, false, true, type);
      device.free(weights);
      return toFloat(device, part, type);
    });
    const y = parts.length === 1 ? parts[0] : device.concat(parts, 1);
    return bias ? device.operation("BiasAdd", [y, bias]) : y;
  });
}

/** dx = dy Ŵ. @param dy [N, O] float32 @returns [N, I], owned by the caller */
export function matrixInputGradient(
  device: TensorFlowDevice,
  type: ProductType,
  dy: tf.Tensor,
  matrix: WeightMatrix,
): tf.Tensor {
  const blocks = blocksOf(device, matrix);
  const rows = dy.shape[0];
  return device.computeOne(() => {
    let sum: Handle | null = null;
    for (const block of blocks) {
      const own = blocks.length === 1 ? dy : device.slice(dy, [0, block.start], [rows, block.rows]);
      const gradient = type === ElementType.float ? own : device.cast(own, ElementType.float, type);
      const weights = unpack(device, matrix, block, type);
      const part = toFloat(device, device.matrixProduct(gradient, weights, false, false, type), type);
      device.free(weights);
      const total: Handle = sum === null ? part : device.add(sum, part);
      if (sum !== null) device.free(sum, part);
      sum = total;
    }
    return sum ?? device.operation("Fill", [device.integers(rows, matrix.shape[1]), device.number(0)]);
  });
}

function toFloat(device: TensorFlowDevice, x: Handle, type: ProductType): Handle {
  if (type === ElementType.float) return x;
  const result = device.cast(x, type, ElementType.float);
  device.free(x);
  return result;
}
