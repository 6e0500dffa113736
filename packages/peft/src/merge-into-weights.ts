import { copyFile, lstat } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  checkWritable,
  recoverPlace,
  removeJsonKey,
  replaceFile,
  replaceFolder,
  setJsonKey,
} from "@lathe/files";
import {
  type StoredWeights,
  companionFiles,
  configsWithEndTokens,
  type Dtype,
  float32ToBfloat16,
  float32ToFloat16,
  headPlace,
  type LinearPlace,
  linearPlaces,
  openWeights,
  readModelConfig,
  type TensorToWrite,
  writeSafetensors,
} from "@lathe/model";
import { readAdapter, type StoredAdapter } from "./adapter-folder.js";
import { AdapterFileError } from "./errors.js";
import { mergeIntoWeight } from "./merged-weight.js";
import type { LoraTarget } from "./select-targets.js";

/** Types in which merged weights can be written. */
export const mergedDtypes = ["F32", "F16", "BF16"] as const;

/** Element type of merged weights. */
export type MergedDtype = (typeof mergedDtypes)[number];

/** What {@link mergeIntoWeights} reads and writes. */
export interface MergeIntoWeightsOptions {
  /** Folder of the base model, as Hugging Face models are. */
  readonly model: string;
  /** Folder of the adapter. */
  readonly adapter: string;
  /** Folder to make; must not exist. */
  readonly output: string;
  /** Type of all floating-point weights. @defaultValue each tensor keeps its own */
  readonly dtype?: MergedDtype;
  /** Tensors written so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Parts of the adapter's config that have no effect in this model. */
  readonly onWarning?: (message: string) => void;
}

/** What {@link mergeIntoWeights} did. */
export interface MergedWeights {
  /** Tensors that the adapter changed. */
  readonly changed: number;
  /** Tensors written. */
  readonly tensors: number;
  /** Bytes of their data. */
  readonly bytes: number;
}

const floatTypes: readonly Dtype[] = ["F64", "F32", "F16", "BF16"];

/**
 * Merges an adapter into the weights of a model folder and writes the result as a new model folder, tensor by tensor, so
 * that only the largest one has to fit into memory. Files, their tensors and types stay as in the base; configs and
 * tokenizer files are copied. The new folder appears as a whole or not at all.
 *
 * An adapter on the output head of a model with tied embeddings makes the head a tensor of its own, as the embedding is
 * not adapted with it.
 *
 * @throws AdapterFileError, WeightsError, ModelConfigError; AdapterFileError too if `output` exists
 */
export async function mergeIntoWeights(options: MergeIntoWeightsOptions): Promise<MergedWeights> {
  const { model, adapter, output, dtype, onProgress, onWarning } = options;
  const check = async (): Promise<void> => {
    if ((await lstat(output).catch(() => null)) !== null) {
      throw new AdapterFileError({
        path: output,
        expected: "the name of a folder to make",
        actual: "one that exists",
        remedy: "nothing is overwritten; choose another name",
      });
    }
  };
  await recoverPlace(output);
  await check();
  await checkWritable(output);
  const config = await readModelConfig(model);
  const stored = await readAdapter(adapter, linearPlaces(config), onWarning);
  const weights = await openWeights(model);
  try {
    const head = headPlace(config);
    const unties = config.tieWordEmbeddings && stored.matrices.has(head.path);
    const plan = planFiles(weights, stored, dtype ?? null, unties ? head : null);
    const total = [...plan.values()].reduce((sum, tensors) => sum + tensors.length, 0);
    let done = 0;
    let bytes = 0;
    const fill = async (into: string): Promise<void> => {
      for (const [file, tensors] of plan) {
        const counted = tensors.map((tensor) => ({
          ...tensor,
          data: async () => {
            const data = await tensor.data();
            bytes += data.byteLength;
            onProgress?.(++done, total);
            return data;
          },
        }));
        await writeSafetensors(join(into, file), counted, { format: "pt" });
      }
      if (plan.size > 1) await replaceFile(join(into, "model.safetensors.index.json"), indexOf(plan, bytes));
      const isFloat = linearPlaces(config).every(
        ({ weight }) => weights.has(weight) && floatTypes.includes(weights.info(weight).dtype),
      );
      await copyCompanions(model, into, { ...(dtype ? { dtype } : {}), unties, isFloat });
    };
    await replaceFolder(output, fill, { check });
    return { changed: stored.targets.length, tensors: total, bytes };
  } finally {
    await weights.close();
  }
}

interface PlannedTensor extends TensorToWrite {
  data: () => Promise<ArrayBufferView>;
}

/**
 * The files to write, each with its tensors; nothing is read before it is written.
 * @param untied a tied head that becomes a tensor of its own
 */
function planFiles(
  weights: StoredWeights,
  stored: StoredAdapter,
  dtype: MergedDtype | null,
  untied: LinearPlace | null,
): Map<string, PlannedTensor[]> {
  const headWeight = untied && `${untied.path}.weight`;
  const plan = new Map<string, PlannedTensor[]>();
  const add = (source: string, name: string, target: LoraTarget | undefined): void => {
    const file = basename(weights.pathOf(source));
    const tensors = plan.get(file) ?? [];
    tensors.push(plannedTensor(weights, source, name, target, stored, dtype));
    plan.set(file, tensors);
  };
  const targets = new Map(stored.targets.map((target) => [`${target.path}.weight`, target]));
  // A tied model's head is its embedding: a head that is stored all the same is not used.
  for (const name of weights.names()) if (name !== headWeight) add(name, name, targets.get(name));
  if (untied && headWeight) add(untied.weight, headWeight, targets.get(headWeight));
  for (const [weight, { shape, path }] of targets) {
    const source = untied && weight === headWeight ? untied.weight : weight;
    const info = weights.info(source);
    if (
      !floatTypes.includes(info.dtype) ||
      info.shape.length !== 2 ||
      shape.some((size, i) => size !== info.shape[i])
    ) {
      throw new AdapterFileError({
        path: weights.pathOf(source),
        tensor: source,
        expected: `a weight of ${floatTypes.join(", ")} with shape [${shape.join(", ")}] for the adapter on ${path}`,
        actual: `${info.dtype} [${info.shape.join(", ")}]`,
        remedy: "merge into the model before it is quantised",
      });
    }
  }
  return plan;
}

function plannedTensor(
  weights: StoredWeights,
  source: string,
  name: string,
  target: LoraTarget | undefined,
  stored: StoredAdapter,
  wanted: MergedDtype | null,
): PlannedTensor {
  const { dtype, shape } = weights.info(source);
  const written: Dtype = wanted !== null && floatTypes.includes(dtype) ? wanted : dtype;
  if (!target && written === dtype) {
    return { name, dtype, shape, data: async () => (await weights.readRaw(source)).bytes };
  }
  const data = async (): Promise<ArrayBufferView> => {
    const values = await weights.readFloat32(source);
    if (target) mergeIntoWeight(values, target.shape, [{ ...stored.matrices.get(target.path)!, ...target }]);
    return narrowed(values, written, weights.pathOf(source), name);
  };
  return { name, dtype: written, shape, data };
}

/** @throws AdapterFileError when a finite value has no place in the type */
function narrowed(values: Float32Array, dtype: Dtype, path: string, tensor: string): ArrayBufferView {
  const fail = (index: number): never => {
    throw new AdapterFileError({
      path,
      tensor,
      expected: `merged weights within the range of ${dtype}`,
      actual: `${values[index]} as element ${index}`,
      remedy: "write another dtype",
    });
  };
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
      throw new RangeError(`narrowed: expected a floating-point type, got ${dtype}`);
  }
}

/** @param infinity pattern that finite values have become where they were out of range */
function checkedRange(patterns: Uint16Array, infinity: number, fail: (index: number) => never): Uint16Array {
  const index = patterns.findIndex((pattern) => (pattern & 0x7fff) === infinity);
  if (index >= 0) fail(index);
  return patterns;
}

function indexOf(plan: ReadonlyMap<string, readonly PlannedTensor[]>, totalBytes: number): string {
  const entries = [...plan].flatMap(([file, tensors]) =>
    tensors.map(({ name }): [string, string] => [name, file]),
  );
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const index = { metadata: { total_size: totalBytes }, weight_map: Object.fromEntries(entries) };
  return `${JSON.stringify(index, null, 2)}\n`;
}

/** Names that Transformers has for the types in a config.json. */
const configDtypes: Record<MergedDtype, string> = { F32: "float32", F16: "float16", BF16: "bfloat16" };

/** What of the base's config.json may not fit the merged weights. */
interface ConfigChanges {
  readonly dtype?: MergedDtype;
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
