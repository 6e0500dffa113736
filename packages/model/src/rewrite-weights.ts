import { copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { removeJsonKey, replaceFile, replaceFolder, setJsonKey, phrase } from "@lathe/files";
import { linearPlaces } from "./architectures/linear-places.js";
import { floatTypes } from "./config/check-tensors.js";
import { configsWithEndTokens } from "./config/configs-with-end-tokens.js";
import { readModelConfig } from "./config/read-model-config.js";
import { WeightsError } from "./errors.js";
import { companionFiles } from "./weights/companion-files.js";
import { float32ToBfloat16, float32ToFloat16 } from "./weights/half-precision.js";
import type { StoredWeights } from "./weights/stored-weights.js";
import { type Dtype, dtypeSizes } from "./weights/tensor-info.js";
import { type TensorToWrite, writeSafetensors } from "./weights/write-safetensors.js";

/** Types in which weights can be written anew. */
export const rewrittenDtypes = ["F32", "F16", "BF16"] as const;

/** Element type of weights that are written anew. */
export type RewrittenDtype = (typeof rewrittenDtypes)[number];

/** A tensor of the new folder. */
export interface RewrittenTensor {
  /** Name of the stored tensor that it comes from, whose file, shape and type it has. */
  readonly source: string;
  /** Its name in the new folder. */
  readonly name: string;
  /**
   * Makes its values of the stored ones, row-major; left out where they stay, bit for bit.
   * @param read reads the stored values, widened to float32
   */
  readonly change?: ((read: () => Promise<Float32Array>) => Promise<Float32Array>) | undefined;
  /**
   * Changes its stored bytes in place, for changes that leave other values their bits in every type; in place of `change`, and the
   * type stays.
   * @param elementBytes bytes of an element
   */
  readonly changeBytes?: ((bytes: Uint8Array, elementBytes: number) => Promise<void>) | undefined;
}

/** What {@link rewriteWeights} reads and writes. */
export interface RewriteWeightsOptions {
  /** Folder of the model that the weights are of, as Hugging Face models are. */
  readonly model: string;
  /** The weights of that folder. */
  readonly weights: StoredWeights;
  /** All tensors of the new folder. */
  readonly tensors: readonly RewrittenTensor[];
  /** Folder to make. */
  readonly output: string;
  /** Refuses a place that must stay as it is; asked before the folder is put there. */
  readonly check?: (() => Promise<void>) | undefined;
  /** Type of all floating-point weights. @defaultValue each tensor keeps its own */
  readonly dtype?: RewrittenDtype | undefined;
  /** Whether a head that was the embedding is a tensor of its own. @defaultValue false */
  readonly unties?: boolean | undefined;
  /** Texts of further files of the folder by name, in place of the model's own. @defaultValue none */
  readonly files?: ReadonlyMap<string, string> | undefined;
  /** What messages call the values that do not fit a type, e.g. "merged weights". */
  readonly called: string;
  /** Tensors written so far, of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Writes a model folder whose weights are those of another, some of them changed, tensor by tensor, so that only the largest one
 * has to fit into memory. Files, their tensors and types stay as they are; configs and tokenizer files are copied, and changed
 * where they would not fit. The folder appears as a whole or not at all.
 *
 * @returns bytes of the tensors' data
 * @throws WeightsError when a value has no place in its type; ModelConfigError
 */
export async function rewriteWeights(options: RewriteWeightsOptions): Promise<number> {
  const { model, weights, tensors, output, check, dtype = null, unties = false, onProgress } = options;
  const config = await readModelConfig(model);
  const files = new Map<string, RewrittenTensor[]>();
  for (const tensor of tensors) {
    const file = basename(weights.pathOf(tensor.source));
    files.set(file, [...(files.get(file) ?? []), tensor]);
  }
  let [done, bytes] = [0, 0];
  const counted = (tensor: RewrittenTensor): TensorToWrite => {
    const written = tensorToWrite(tensor, options);
    return {
      ...written,
      async data() {
        const data = await written.data();
        bytes += data.byteLength;
        onProgress?.(++done, tensors.length);
        return data;
      },
    };
  };
  const fill = async (into: string): Promise<void> => {
    for (const [file, ofFile] of files) {
      await writeSafetensors(join(into, file), ofFile.map(counted), { format: "pt" });
    }
    if (files.size > 1) await replaceFile(join(into, "model.safetensors.index.json"), indexOf(files, bytes));
    const isFloat = linearPlaces(config).every(
      ({ weight }) => weights.has(weight) && floatTypes.includes(weights.info(weight).dtype),
    );
    await copyCompanions(model, into, { dtype, unties, isFloat });
    for (const [name, text] of options.files ?? []) await replaceFile(join(into, name), text);
  };
  await replaceFolder(output, fill, check ? { check } : {});
  return bytes;
}

function tensorToWrite(
  { source, name, change, changeBytes }: RewrittenTensor,
  { weights, dtype: wanted, called }: RewriteWeightsOptions,
): Omit<TensorToWrite, "data"> & { readonly data: () => Promise<ArrayBufferView> } {
  const { dtype, shape } = weights.info(source);
  const isWidened = wanted !== undefined && !changeBytes && floatTypes.includes(dtype);
  const written: Dtype = isWidened ? wanted : dtype;
  if (!change && written === dtype) {
    const data = async (): Promise<Uint8Array> => {
      const { bytes } = await weights.readRaw(source);
      await changeBytes?.(bytes, dtypeSizes[dtype]);
      return bytes;
    };
    return { name, dtype, shape, data };
  }
  const data = async (): Promise<ArrayBufferView> => {
    const read = (): Promise<Float32Array> => weights.readFloat32(source);
    const values = await (change ? change(read) : read());
    return narrowed(values, written, (index) => {
      throw new WeightsError({
        path: weights.pathOf(source),
        tensor: name,
        expected: phrase`${called} within the range of ${written}`,
        actual: phrase`${values[index]} as element ${index}`,
        remedy: "write another dtype",
      });
    });
  };
  return { name, dtype: written, shape, data };
}

/** @param fail called with the index of a value that has no place in the type */
function narrowed(values: Float32Array, dtype: Dtype, fail: (index: number) => never): ArrayBufferView {
  const notFinite = values.findIndex((value) => !Number.isFinite(value));
  if (notFinite >= 0) fail(notFinite);
  switch (dtype) {
    case "F32":
      return values;
    case "F64":
      return Float64Array.from(values);
    case "BF16":
      return checkedRange(float32ToBfloat16(values), 0x7f80, fail);
    case "F16":
      return checkedRange(float32ToFloat16(values), 0x7c00, fail);
    default:
      throw new RangeError(`rewriteWeights: expected a floating-point type, got ${dtype}`);
  }
}

/** @param infinity pattern that finite values have become where they were out of range */
function checkedRange(patterns: Uint16Array, infinity: number, fail: (index: number) => never): Uint16Array {
  const index = patterns.findIndex((pattern) => (pattern & 0x7fff) === infinity);
  if (index >= 0) fail(index);
  return patterns;
}

function indexOf(files: ReadonlyMap<string, readonly RewrittenTensor[]>, totalBytes: number): string {
  const entries = [...files].flatMap(([file, tensors]) =>
    tensors.map(({ name }): [string, string] => [name, file]),
  );
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const index = { metadata: { total_size: totalBytes }, weight_map: Object.fromEntries(entries) };
  return `${JSON.stringify(index, null, 2)}\n`;
}

/** Names that Transformers has for the types in a config.json. */
const configDtypes: Record<RewrittenDtype, string> = { F32: "float32", F16: "float16", BF16: "bfloat16" };

/** What of the former config.json may not fit the new weights. */
interface ConfigChanges {
  readonly dtype: RewrittenDtype | null;
  readonly unties: boolean;
  /** All linears are of float types: a description of packed weights is a left-over. */
  readonly isFloat: boolean;
}

async function copyCompanions(model: string, into: string, changes: ConfigChanges): Promise<void> {
  const texts = await configsWithEndTokens(model);
  for (const name of await companionFiles(model)) {
    const text = texts.get(name);
    if (text === undefined) await copyFile(join(model, name), join(into, name));
    else await replaceFile(join(into, name), name === "config.json" ? changedConfig(text, changes) : text);
  }
}

/** @param text a JSON object: readModelConfig has accepted it */
function changedConfig(text: string, { dtype, unties, isFloat }: ConfigChanges): string {
  let edited = isFloat ? removeJsonKey(text, "quantization_config") : text;
  if (dtype) {
    const given = JSON.parse(text) as object;
    const isOlder = Object.hasOwn(given, "torch_dtype") && !Object.hasOwn(given, "dtype");
    edited = setJsonKey(edited, isOlder ? "torch_dtype" : "dtype", configDtypes[dtype]);
  }
  return unties ? setJsonKey(edited, "tie_word_embeddings", false) : edited;
}
