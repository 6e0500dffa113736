import { type Linear, DenseLinear } from "@lathe/model";
import type { WeightMemory } from "@lathe/tensor";
import { NF4_SCALE_GROUP, threefry2x32, widenE4m3 } from "@lathe/kernels";
import {
  type MatrixFormatName,
  matrixFormats,
  packedFormatNames,
  type PackedFormatName,
  type PackedMatrix,
  quantize,
  QuantizedLinear,
} from "@lathe/quant";

/** How the frozen weights of a model are held: dense float32, or packed. */
export type BaseFormat = "fp32" | PackedFormatName;

/** All formats of frozen weights. */
export const baseFormats: readonly BaseFormat[] = ["fp32", ...packedFormatNames];

/** Weights that are drawn and packed in earnest; everything larger picks its codes from these. */
const SAMPLE_ROWS = 64;
const SAMPLE_COLUMNS = 1024;

/** Standard deviation of fresh weights in Transformers. */
const WEIGHT_DEVIATION = 0.02;

/** Typed arrays that weights are stored in. */
type Elements = Float32Array | Uint16Array | Int8Array | Uint8Array;

/**
 * Picks elements at random; the same stream picks the same on every machine.
 * @param source a power of two of them, at most 65,536
 * @param memory where they are to lie; the JavaScript heap unless given
 */
export function randomPicks<Kind extends Elements>(
  source: Kind,
  length: number,
  stream: number,
  memory: Pick<WeightMemory, "allocate"> | null = null,
): Kind {
  const bytes = length * source.BYTES_PER_ELEMENT;
  const picks = new (source.constructor as new (buffer: ArrayBuffer) => Kind)(
    memory?.allocate(bytes) ?? new ArrayBuffer(bytes),
  );
  const mask = source.length - 1;
  // Xorshift with 32 bits (Marsaglia, "Xorshift RNGs", 2003): billions of picks within seconds.
  let state = threefry2x32([stream, 1], [0, 0])[0] | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    picks[i] = source[(state >>> 15) & mask];
  }
  return picks;
}

/** Roughly normal numbers of {@link WEIGHT_DEVIATION}, the same on every machine. */
function sampleWeights(): Float32Array {
  return Float32Array.from({ length: SAMPLE_ROWS * SAMPLE_COLUMNS }, (_, i) => {
    const [a, b] = threefry2x32([0, 0], [i, 0]);
    // Sum of four 16-bit uniforms, centred; its variance is 4/12.
    const sum = ((a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16)) / 65536 - 2;
    return sum * WEIGHT_DEVIATION * Math.sqrt(3);
  });
}

let floats: Float32Array | undefined;
const samples = new Map<MatrixFormatName, PackedMatrix>();

/** Float weights, e.g. of a bias. */
export function randomFloats(length: number, stream: number): Float32Array {
  return randomPicks((floats ??= sampleWeights()), length, stream);
}

/** Weights as the nearest 8-bit floats, times a scale that takes the largest of all to the largest of these. */
function inEightBitFloats(weights: Float32Array): PackedMatrix {
  const magnitudes = new Float32Array(0x7f);
  widenE4m3(
    Uint8Array.from(magnitudes, (_, code) => code),
    magnitudes,
  );
  const scale = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / magnitudes[0x7e];
  const codes = Uint8Array.from(weights, (weight) => {
    const wanted = Math.abs(weight) / scale;
    const above = magnitudes.findIndex((magnitude) => magnitude >= wanted);
    const isBelow = above > 0 && wanted - magnitudes[above - 1] < magnitudes[above] - wanted;
    return (isBelow ? above - 1 : Math.max(0, above)) | (weight < 0 ? 0x80 : 0);
  });
  const scales = new Float32Array(SAMPLE_ROWS * matrixFormats.fp8.scalesInRow(SAMPLE_COLUMNS)).fill(scale);
  return { format: "fp8", shape: [SAMPLE_ROWS, SAMPLE_COLUMNS], codes, scales };
}

function sampleOf(format: MatrixFormatName): PackedMatrix {
  let sample = samples.get(format);
  if (!sample) {
    floats ??= sampleWeights();
    sample =
      format === "fp8" ? inEightBitFloats(floats) : quantize(floats, [SAMPLE_ROWS, SAMPLE_COLUMNS], format);
    samples.set(format, sample);
  }
  return sample;
}

/**
 * A random matrix in a packed format, made of codes and scales that packed normal weights have; float weights of its
 * size never exist.
 * @param stream tells matrices apart
 * @param memory where the codes are to lie, as those of a model do in the memory of the engine; the JavaScript heap unless given
 */
export function randomMatrix(
  format: MatrixFormatName,
  shape: readonly [outFeatures: number, inFeatures: number],
  stream: number,
  memory: Pick<WeightMemory, "allocate"> | null = null,
): PackedMatrix {
  const { codes, scales, nested } = sampleOf(format);
  const { codesInRow, scalesInRow } = matrixFormats[format];
  const [rows, columns] = shape;
  const scaleCount = rows * scalesInRow(columns);
  return {
    format,
    shape,
    codes: randomPicks(codes, rows * codesInRow(columns), stream, memory),
    scales: scales && randomPicks(scales, scaleCount, stream),
    ...(nested && {
      nested: {
        codes: randomPicks(nested.codes, scaleCount, stream),
        scales: randomPicks(nested.scales, Math.ceil(scaleCount / NF4_SCALE_GROUP), stream),
        map: nested.map,
        offset: nested.offset,
      },
    }),
  };
}

/** A frozen linear of random weights. */
export function randomLinear(
  format: BaseFormat,
  shape: readonly [outFeatures: number, inFeatures: number],
  biased: boolean,
  stream: number,
  memory: Pick<WeightMemory, "allocate"> | null = null,
): Linear {
  const [outFeatures, inFeatures] = shape;
  const bias = biased ? randomFloats(outFeatures, stream) : null;
  return format === "fp32"
    ? new DenseLinear({ shape, weight: randomFloats(outFeatures * inFeatures, stream), bias })
    : new QuantizedLinear(randomMatrix(format, shape, stream, memory), bias);
}
