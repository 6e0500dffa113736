import {
  checkWritable,
  isRecord,
  type OnWarning,
  OutputFolderError,
  phrase,
  recoverPlace,
  removeJsonKey,
  replaceFile,
  setJsonKey,
} from "@lathe/files";
import type { NestedScales } from "@lathe/kernels";
import {
  architectureOf,
  type StoredWeights,
  checkTensors,
  companionFiles,
  configsWithEndTokens,
  dtypeSizes,
  headPlace,
  linearPlaces,
  type ModelConfig,
  ModelConfigError,
  openWeights,
  packedSuffixes,
  readModelConfig,
  floatTypes,
} from "@lathe/model";
import { createHash } from "node:crypto";
import { copyFile, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { checkReplaceable, isWritten, writeFolder } from "./output-folder.js";
import type { PackedFormatName } from "./format-names.js";
import type { PackedMatrix } from "./packed-matrix.js";
import { packedFormats } from "./packed-formats.js";
import { nf4ByteLength, type Nf4Tensor, nf4Tensors, torchTypeName } from "./nf4-tensors.js";
import {
  folderFormat,
  int8QuantizationConfig,
  nf4QuantizationConfig,
  QUANTIZATION_KEY,
} from "./quantization-config.js";
import { nestScales } from "./nest-scales.js";
import { notStorable } from "./quantized-linears.js";
import { matrixShape, packedCodes, storedBytes, storedScales } from "./quantize-stored.js";
import { ShardFolder } from "./shard-folder.js";
import { type SizedTensor, writeShards } from "./shards.js";

/** Bytes after which a further weight file is begun, as Transformers does it: 5 GB. */
export const SHARD_BYTES = 5_000_000_000;

/** What {@link quantizeWeights} reads and writes. */
export interface QuantizeWeightsOptions {
  /** Hugging Face model folder to read. */
  readonly model: string;
  /** Folder to write. */
  readonly output: string;
  readonly format: PackedFormatName;
  /** Replace a folder that an earlier call wrote and nobody added to. @defaultValue false */
  readonly overwrite?: boolean;
  /**
   * Goes on with what an interrupted call of the same weights and format left beside `output`, to the same bytes; else it
   * begins anew.
   * @defaultValue false
   */
  readonly resume?: boolean;
  /** Bytes after which a further weight file is begun. @defaultValue {@link SHARD_BYTES} */
  readonly shardBytes?: number;
  /** Matrices that are packed in the format already, by the names of their weights; for nf4. */
  readonly packed?: ReadonlyMap<string, PackedMatrix>;
  /** Called before each tensor of the new folder, and once more at the end. */
  readonly onProgress?: (done: number, total: number, tensor: string | null) => void;
  /** Told of linears that the format cannot hold, which stay as they are. */
  readonly onWarning?: OnWarning;
  /** Stops between two tensors. Only weight files that are whole are left, hidden beside `output`, to go on with. */
  readonly signal?: AbortSignal;
}

/** What {@link quantizeWeights} has written. */
export interface QuantizedWeights {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly format: PackedFormatName;
  /** Tensors that were packed, and all that the folder's weights came from. */
  readonly packedTensors: number;
  readonly tensors: number;
  /** Bytes of all weights before and after, without file headers. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** `torch_dtype` of a folder of plain weights in a format. */
const dtypeNames: Partial<Record<PackedFormatName, string>> = { fp16: "float16", bf16: "bfloat16" };

/**
 * Writes a model folder with packed weights, some rows at a time: memory holds those, and for nf4 the scales of one weight
 * file in 8 bits, a 64th of its weights.
 *
 * - fp16, bf16: every float tensor in that type; a plain Hugging Face folder that any tool loads.
 * - int8: the linears of the layers as I8 codes with a `weight_scale` each, described by the `quantization_config` of the
 *   `compressed-tensors` format ("int-quantized", symmetric, a scale a channel). Embedding, norms, biases and the head
 *   keep the type they have.
 * - nf4: the same linears as bitsandbytes and Transformers store them (4 bits, double quantisation), but for those whose
 *   rows are no multiple of 64 weights, which keep their type too.
 *
 * Config (only the keys that change), tokenizer, chat template, generation config and licence come along. The folder is
 * written beside its place and renamed. Weight files that are whole wait in a hidden folder beside it, which an interrupted
 * call leaves there: `resume` checks their lengths and hashes and goes on behind them.
 *
 * @throws ModelConfigError, WeightsError when the model is malformed or already quantised
 * @throws QuantizationError when a weight does not fit the format
 * @throws OutputFolderError when `output` exists and must not be replaced, or `resume` finds another call's files
 */
export async function quantizeWeights(options: QuantizeWeightsOptions): Promise<QuantizedWeights> {
  const {
    model,
    format,
    overwrite = false,
    resume = false,
    packed,
    shardBytes = SHARD_BYTES,
    onProgress,
    onWarning,
    signal,
  } = options;
  const output = resolve(options.output);
  const stored = await folderFormat(model);
  if (stored !== null) {
    throw new ModelConfigError({
      path: join(model, "config.json"),
      key: "quantization_config",
      expected: "a model that is not quantised",
      actual: phrase`${stored} weights`,
      remedy: "quantise the original weights",
    });
  }
  const config = await readModelConfig(model);
  await recoverPlace(output);
  if (!resume) await checkReplaceable(output, overwrite);
  await checkWritable(output);
  if ((await realpath(output).catch(() => null)) === (await realpath(model))) {
    throw new OutputFolderError(
      output,
      "another folder than the model's",
      "the same",
      "choose another place",
    );
  }

  const weights = await openWeights(model);
  try {
    checkTensors(config, weights);
    const names = weights.names();
    const { packs, left } = tensorsToPack(config, weights, format);
    if (left.length > 0) {
      const [, columns] = weights.info(`${left[0]}.weight`).shape;
      onWarning?.(notStorable(format, left, columns));
    }
    let done = 0;
    let total = 0;
    const announce = (name: string): void => {
      signal?.throwIfAborted();
      onProgress?.(done++, total, name);
    };
    const groups = names.map((name) =>
      packs.has(name)
        ? packedGroup(weights, name, format, announce, packed?.get(name))
        : [storedTensor(weights, name, announce)],
    );
    total = groups.flat().length;
    const sum = (tensors: readonly { readonly byteLength: number }[]): number =>
      tensors.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
    const report = {
      format,
      packedTensors: packs.size,
      tensors: names.length,
      bytesBefore: sum(names.map((name) => weights.info(name))),
      bytesAfter: sum(groups.flat()),
    };
    const texts = await configsWithEndTokens(model);
    const input = await digestOf(weights, texts.get("config.json")!, shardBytes);
    const details = { source: basename(resolve(model)), ...report, input };
    // A call that was killed behind its last step has only its work folder to remove.
    const isFinished = resume && (await isWritten(output, details));
    if (!isFinished) await writeFolder(output, overwrite, details, fill);
    await ShardFolder.discard(output);
    onProgress?.(total, total, null);
    return { path: output, ...report };

    async function fill(folder: string): Promise<void> {
      await replaceFile(
        join(folder, "config.json"),
        packedConfig(texts.get("config.json")!, config, format, left, weights),
      );
      for (const file of await companionFiles(model)) {
        if (file === "config.json") continue;
        const text = texts.get(file);
        if (text === undefined) await copyFile(join(model, file), join(folder, file));
        else await replaceFile(join(folder, file), text);
      }
      const work = await ShardFolder.open(output, { format, weights: input }, resume);
      try {
        await writeShards(folder, work, groups, shardBytes, (kept) => (done += kept));
        signal?.throwIfAborted();
      } catch (error) {
        if (!work.isWorthKeeping) await ShardFolder.discard(output);
        throw error;
      }
    }
  } finally {
    await weights.close();
  }
}

/**
 * A digest of what packed weights follow from. Of the weights' files it takes names, lengths and times of change, as reading
 * them all would take as long as packing them.
 */
async function digestOf(weights: StoredWeights, config: string, shardBytes: number): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([config, shardBytes]));
  const paths = new Set(weights.names().map((name) => weights.pathOf(name)));
  for (const path of [...paths].sort()) {
    const { size, mtimeMs } = await stat(path);
    hash.update(JSON.stringify([basename(path), size, mtimeMs]));
  }
  return hash.digest("hex");
}

/**
 * Names of the tensors that change: the linears' weights for formats with scales, else all floats of another type. And
 * the paths of linears that the format cannot hold.
 */
function tensorsToPack(
  config: ModelConfig,
  weights: StoredWeights,
  format: PackedFormatName,
): { readonly packs: ReadonlySet<string>; readonly left: readonly string[] } {
  const { scaling, leavesHead, dtype, isStorable } = packedFormats[format];
  if (scaling === "none") {
    const changing = weights.names().filter((name) => {
      const stored = weights.info(name).dtype;
      return stored !== dtype && floatTypes.includes(stored);
    });
    return { packs: new Set(changing), left: [] };
  }
  const matrices = linearPlaces(config).filter(
    ({ block, weight, path }) => block !== "head" || (!leavesHead && weight === `${path}.weight`),
  );
  const storable = (wanted: boolean) => matrices.filter(({ shape }) => isStorable(shape[1]) === wanted);
  return {
    packs: new Set(storable(true).map(({ weight }) => weight)),
    left: storable(false).map(({ path }) => path),
  };
}

function packedGroup(
  weights: StoredWeights,
  name: string,
  format: PackedFormatName,
  announce: (name: string) => void,
  given: PackedMatrix | undefined,
): SizedTensor[] {
  if (format === "nf4") return nf4Group(weights, name, announce, given);
  const { shape, elementCount } = weights.info(name);
  const { dtype, codeBytes, scaling } = packedFormats[format];
  const codes: SizedTensor = {
    name,
    dtype,
    shape,
    byteLength: elementCount * codeBytes,
    data: () => {
      announce(name);
      return packedCodes(weights, name, format);
    },
  };
  if (scaling === "none") return [codes];
  const [rows] = matrixShape(shape);
  // A file holds its float32 tensors before its bytes, so scales are needed before the codes: the weight is read twice.
  const scalesName = name + packedSuffixes.int8Scale;
  const scales: SizedTensor = {
    name: scalesName,
    dtype: "F32",
    shape: [rows, 1],
    byteLength: rows * dtypeSizes.F32,
    data: async () => {
      announce(scalesName);
      return await storedScales(weights, name, format);
    },
  };
  return [codes, scales];
}

function nf4Group(
  weights: StoredWeights,
  name: string,
  announce: (name: string) => void,
  given: PackedMatrix | undefined,
): SizedTensor[] {
  const info = weights.info(name);
  const shape = matrixShape(info.shape);
  // As for int8, scales are written before the codes. They are kept until the last part of them is written.
  const parts = nf4Tensors(shape, info.dtype);
  let left = parts.filter(({ part }) => part === "scales").length;
  let scales: Promise<NestedScales> | null = null;
  const nested = (): Promise<NestedScales> =>
    (scales ??= given?.nested
      ? Promise.resolve(given.nested)
      : storedScales(weights, name, "nf4").then((plain) => nestScales(plain)));
  const scalePart = async (data: Nf4Tensor["data"]): Promise<ArrayBufferView> => {
    const values = data({ codes: new Uint8Array(), nested: await nested() });
    if (--left === 0) scales = null;
    return values;
  };
  return parts.map(({ suffix, dtype, shape: axes, part, data }) => ({
    name: name + suffix,
    dtype,
    shape: axes,
    byteLength: nf4ByteLength({ dtype, shape: axes }),
    data: () => {
      announce(name + suffix);
      return part === "scales" ? scalePart(data) : given ? data(given) : packedCodes(weights, name, "nf4");
    },
  }));
}

function storedTensor(weights: StoredWeights, name: string, announce: (name: string) => void): SizedTensor {
  const { dtype, shape, byteLength } = weights.info(name);
  return {
    name,
    dtype,
    shape,
    byteLength,
    data: () => {
      announce(name);
      return storedBytes(weights, name);
    },
  };
}

/** The model's config.json with the keys that describe its new weights. */
function packedConfig(
  text: string,
  model: ModelConfig,
  format: PackedFormatName,
  left: readonly string[],
  weights: StoredWeights,
): string {
  // configsWithEndTokens has read it.
  const json: unknown = JSON.parse(text);
  const head = headPlace(model);
  if (format === "nf4") {
    const { embedding } = architectureOf(model).ends;
    const computeType = torchTypeName(weights.info(embedding).dtype);
    return setJsonKey(text, QUANTIZATION_KEY, nf4QuantizationConfig([head.path, ...left], computeType));
  }
  const dtypeName = dtypeNames[format];
  if (dtypeName === undefined) return setJsonKey(text, QUANTIZATION_KEY, int8QuantizationConfig(head.path));
  const keys = ["dtype", "torch_dtype"].filter((key) => isRecord(json) && Object.hasOwn(json, key));
  // What is written is not packed, whatever a left-over description says.
  const plain = removeJsonKey(text, QUANTIZATION_KEY);
  return (keys.length > 0 ? keys : ["torch_dtype"]).reduce(
    (edited, key) => setJsonKey(edited, key, dtypeName),
    plain,
  );
}
