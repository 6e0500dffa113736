import { asPhrase, decodeJson, isRecord, type Phrase, phrase } from "@lathe/files";
import { NF4_BLOCK, NF4_CODEBOOK, NF4_SCALE_GROUP } from "@lathe/kernels";
import {
  type Dtype,
  dtypeSizes,
  elementCount,
  type HeldTensor,
  packedSuffixes,
  type StoredWeights,
  WeightsError,
} from "@lathe/model";
import { DYNAMIC_MAP } from "./nest-scales.js";
import type { PackedMatrix } from "./packed-matrix.js";

/**
 * The tensors that a linear in nf4 consists of in files of bitsandbytes and Transformers, by what follows the name of
 * its weight. n = O · I weights, B = ⌈n/64⌉ blocks that run on from row to row.
 *
 * | tensor | type and shape | holds |
 * | --- | --- | --- |
 * | `` | U8 [⌈n/2⌉, 1] | codes, the first of two in the upper half |
 * | `.quant_map` | F32 [16] | the code book |
 * | `.absmax` | U8 [B], or F32 [B] where scales are not quantised | scales of blocks |
 * | `.nested_absmax` | F32 [⌈B/256⌉] | scales of 256 scales |
 * | `.nested_quant_map` | F32 [256] | what the codes of scales stand for |
 * | `.quant_state.bitsandbytes__nf4` | U8, JSON in UTF-8 | block sizes, shape, types, the offset of scales |
 */
const {
  codebook: MAP,
  blockScales: SCALES,
  nestedScales: NESTED_SCALES,
  nestedCodebook: NESTED_MAP,
  nf4State: STATE,
  fp4State: FP4_STATE,
} = packedSuffixes;

/** Longest JSON that is read, in bytes; real ones have 200. */
const STATE_BYTES_LIMIT = 10_000;

/** Digits and sign that the offset of scales may take in JSON. */
const LONGEST_NUMBER = 25;

/** How far the code book of a file may lie from ours: rounding, not another code book. */
const MAP_TOLERANCE = 1e-6;

/** Names of the types that weights were quantised from, as PyTorch has them. */
const typeNames: Partial<Record<Dtype, string>> = { BF16: "bfloat16", F16: "float16" };

/** PyTorch's name of a stored type that is computed with. */
export function torchTypeName(dtype: Dtype): string {
  return typeNames[dtype] ?? "float32";
}

/** A tensor of a linear in nf4 and where its values come from. */
export interface Nf4Tensor {
  readonly suffix: string;
  readonly dtype: "F32" | "U8";
  readonly shape: readonly number[];
  /** Which part of the packed matrix it is. */
  readonly part: "codes" | "scales";
  data(matrix: Pick<PackedMatrix, "codes" | "nested">): Float32Array | Uint8Array;
}

/** The tensors to write for a linear [O, I] with 64 dividing I. @param source type of the weights before */
export function nf4Tensors(shape: readonly [number, number], source: Dtype): Nf4Tensor[] {
  const blocks = (shape[0] * shape[1]) / NF4_BLOCK;
  const groups = Math.ceil(blocks / NF4_SCALE_GROUP);
  const state = (offset: number): Uint8Array => stateBytes(shape, source, offset);
  return [
    {
      suffix: "",
      dtype: "U8",
      shape: [blocks * (NF4_BLOCK / 2), 1],
      part: "codes",
      data: ({ codes }) => codes as Uint8Array,
    },
    { suffix: MAP, dtype: "F32", shape: [NF4_CODEBOOK.length], part: "scales", data: () => NF4_CODEBOOK },
    { suffix: SCALES, dtype: "U8", shape: [blocks], part: "scales", data: ({ nested }) => nested!.codes },
    {
      suffix: NESTED_SCALES,
      dtype: "F32",
      shape: [groups],
      part: "scales",
      data: ({ nested }) => nested!.scales,
    },
    {
      suffix: NESTED_MAP,
      dtype: "F32",
      shape: [DYNAMIC_MAP.length],
      part: "scales",
      data: ({ nested }) => nested!.map,
    },
    {
      suffix: STATE,
      dtype: "U8",
      shape: [state(0).length],
      part: "scales",
      data: ({ nested }) => state(nested!.offset),
    },
  ];
}

/** The JSON, filled up with spaces: a file's header states its length before the offset is known. */
function stateBytes([rows, columns]: readonly [number, number], source: Dtype, offset: number): Uint8Array {
  const text = (value: number): string =>
    JSON.stringify({
      quant_type: "nf4",
      blocksize: NF4_BLOCK,
      dtype: torchTypeName(source),
      shape: [rows, columns],
      nested_blocksize: NF4_SCALE_GROUP,
      nested_dtype: "float32",
      nested_offset: value,
    });
  return Buffer.from(text(offset).padEnd(text(0).length - 1 + LONGEST_NUMBER));
}

/** A linear in nf4 as a file holds it. */
export interface StoredNf4 {
  /**
   * The weights, in place. Where 64 does not divide I, blocks run on from row to row, and this is a matrix [1, O · I].
   */
  readonly matrix: PackedMatrix;
  /** Gives the memory of the matrix back. */
  readonly release: () => void;
}

/**
 * Reads a linear in nf4 by bitsandbytes, with nested scales or plain ones.
 * @throws WeightsError when a part is missing or not of the layout above
 */
export async function readNf4(
  weights: StoredWeights,
  weight: string,
  [rows, columns]: readonly [number, number],
): Promise<StoredNf4> {
  const fault = (tensor: string, expected: string | Phrase, actual: string | Phrase): WeightsError =>
    new WeightsError({
      path: weights.has(tensor) ? weights.pathOf(tensor) : weights.pathOf(weight),
      tensor,
      expected,
      actual,
      remedy: "the folder is damaged, or of a format that is not read; quantise the original weights again",
    });
  const expectTensor = (suffix: string, dtypes: readonly Dtype[], length: number): void => {
    const name = weight + suffix;
    const expected = phrase`${dtypes.join(", ")} of ${length} elements`;
    if (!weights.has(name)) throw fault(name, expected, "no such tensor");
    const { dtype, elementCount, shape } = weights.info(name);
    if (elementCount === length && dtypes.includes(dtype)) return;
    throw fault(name, expected, phrase`${dtype} of shape [${shape.join(", ")}]`);
  };
  const finiteValues = async (suffix: string): Promise<Float32Array> => {
    const values = await weights.readFloat32(weight + suffix);
    const faulty = values.findIndex((value) => !Number.isFinite(value));
    if (faulty >= 0) throw fault(weight + suffix, "finite numbers", phrase`${values[faulty]} at ${faulty}`);
    return values;
  };

  if (!weights.has(weight + STATE) && weights.has(weight + FP4_STATE)) {
    throw fault(weight + STATE, "weights in nf4", "weights in fp4, another code book");
  }
  const count = rows * columns;
  const blocks = Math.ceil(count / NF4_BLOCK);
  expectTensor("", ["U8"], Math.ceil(count / 2));
  expectTensor(MAP, ["F32"], NF4_CODEBOOK.length);
  const map = await finiteValues(MAP);
  const other = map.findIndex((value, code) => Math.abs(value - NF4_CODEBOOK[code]) > MAP_TOLERANCE);
  if (other >= 0) {
    throw fault(
      weight + MAP,
      phrase`the code book of nf4, ${NF4_CODEBOOK[other]} at ${other}`,
      String(map[other]),
    );
  }
  const state = await readState(weights, weight + STATE, fault);
  const expectState = (key: string, expected: unknown): void => {
    const actual = state[key];
    if (JSON.stringify(actual) === JSON.stringify(expected)) return;
    const shown = actual === undefined ? "nothing" : JSON.stringify(actual).slice(0, 80);
    throw fault(weight + STATE, `${key} ${JSON.stringify(expected)}`, shown);
  };
  expectState("quant_type", "nf4");
  expectState("blocksize", NF4_BLOCK);
  expectState("shape", [rows, columns]);

  expectTensor(SCALES, ["U8", "F32"], blocks);
  const isNested = weights.info(weight + SCALES).dtype === "U8";
  const shape = columns % NF4_BLOCK === 0 ? ([rows, columns] as const) : ([1, count] as const);
  const held: HeldTensor[] = [];
  const hold = async (suffix: string): Promise<Uint8Array> => {
    const tensor = await weights.hold(weight + suffix);
    held.push(tensor);
    return tensor.bytes;
  };
  const release = (): void => {
    for (const tensor of held) tensor.release();
  };
  try {
    if (!isNested) {
      const scales = await finiteValues(SCALES);
      return { matrix: { format: "nf4", shape, codes: await hold(""), scales }, release };
    }
    expectState("nested_blocksize", NF4_SCALE_GROUP);
    const offset = state["nested_offset"];
    if (typeof offset !== "number" || !Number.isFinite(offset)) {
      const shown = offset === undefined ? "nothing" : JSON.stringify(offset).slice(0, 80);
      throw fault(weight + STATE, "a finite nested_offset", shown);
    }
    expectTensor(NESTED_SCALES, ["F32"], Math.ceil(blocks / NF4_SCALE_GROUP));
    expectTensor(NESTED_MAP, ["F32"], DYNAMIC_MAP.length);
    const nested = {
      codes: await hold(SCALES),
      scales: await finiteValues(NESTED_SCALES),
      map: await finiteValues(NESTED_MAP),
      offset: Math.fround(offset),
    };
    return { matrix: { format: "nf4", shape, codes: await hold(""), scales: null, nested }, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function readState(
  weights: StoredWeights,
  name: string,
  fault: (tensor: string, expected: string | Phrase, actual: string | Phrase) => WeightsError,
): Promise<Readonly<Record<string, unknown>>> {
  const expected = asPhrase("a JSON object in UTF-8");
  if (!weights.has(name)) throw fault(name, expected, "no such tensor");
  const { dtype, byteLength } = weights.info(name);
  if (dtype !== "U8" || byteLength > STATE_BYTES_LIMIT) {
    throw fault(
      name,
      phrase`${expected} of at most ${STATE_BYTES_LIMIT} bytes`,
      phrase`${dtype}, ${byteLength} bytes`,
    );
  }
  const { bytes } = await weights.readRaw(name);
  const state = decodeJson(bytes, (wanted, actual) => fault(name, wanted, actual));
  if (!isRecord(state)) throw fault(name, expected, "another value");
  return state;
}

/** Bytes of a tensor to be written. */
export function nf4ByteLength({ dtype, shape }: Pick<Nf4Tensor, "dtype" | "shape">): number {
  return dtypeSizes[dtype] * elementCount(shape);
}
