/** Adapter folders as PEFT writes them: adapter_config.json and adapter_model.safetensors. */
import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  asPhrase,
  isRecord,
  type MakeFault,
  type OnWarning,
  type Phrase,
  phrase,
  readJsonIfThere,
  replaceFile,
  replaceFolder,
} from "@lathe/files";
import {
  type Dtype,
  type LinearPlace,
  linearPlaces,
  type ModelConfig,
  openSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from "@lathe/model";
import { AdapterFileError, LoraConfigError, quote } from "./errors.js";
import type { LoraConfig } from "./lora-config.js";
import type { HostMatrices } from "./merged-weight.js";
import { fromPeftConfig, type PeftConfig, peftFault, toPeftConfig } from "./peft-config.js";
import { type LoraTarget, type SelectedTargets, selectTargets } from "./select-targets.js";
import { type MatrixKind, parameterName, parseParameterName } from "./stored-names.js";
import { type WholeTensor, wholeTensors } from "./whole-tensors.js";

const CONFIG_FILE = "adapter_config.json";
const WEIGHTS_FILE = "adapter_model.safetensors";

/** Largest adapter_config.json that is read, in bytes; real ones have a few thousand. */
const CONFIG_BYTES_LIMIT = 10_000_000;

/** Types in which adapters are stored. */
const storedTypes: readonly Dtype[] = ["F32", "F16", "BF16"];

/** An adapter for a certain model, on the host. */
export interface StoredAdapter extends SelectedTargets {
  /** Name or folder of the model that the adapter was trained on, if stated. */
  readonly baseModel: string | null;
  /** By path; one entry per target. */
  readonly matrices: ReadonlyMap<string, HostMatrices>;
  /** Values of the tensors that the adapter trains as a whole, by their names in PEFT's files. */
  readonly whole: ReadonlyMap<string, Float32Array>;
  /** Their shapes, by the same names. */
  readonly wholeShapes: ReadonlyMap<string, readonly number[]>;
}

/**
 * Reads the config of an adapter folder.
 * @throws AdapterFileError naming file and key
 */
export async function readAdapterConfig(folder: string): Promise<PeftConfig> {
  const path = join(folder, CONFIG_FILE);
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    const actual = found === null ? "no such folder" : "a file";
    throw new AdapterFileError({ path: folder, expected: "an adapter folder", actual });
  }
  const makeFault: MakeFault = (expected, actual, cause) =>
    new AdapterFileError({ path, expected, actual, cause });
  const values = await readJsonIfThere(path, { limit: CONFIG_BYTES_LIMIT, makeFault });
  if (values === undefined) throw makeFault("the config of a PEFT adapter", "no such file");
  if (!isRecord(values)) {
    throw new AdapterFileError({ path, expected: "a JSON object", actual: quote(values) });
  }
  const read = fromPeftConfig(values);
  if ("expected" in read) throw new AdapterFileError({ path, ...read });
  return read;
}

/**
 * Reads an adapter folder for a model. Weights in float32, float16 or bfloat16 are taken.
 *
 * @throws AdapterFileError when files are missing or malformed, the adapter needs what Lathe does not do, or its
 * tensors are not the ones that its config asks for in this model
 */
export async function readAdapter(
  folder: string,
  model: ModelConfig,
  onWarning?: OnWarning,
): Promise<StoredAdapter> {
  const { config, baseModel } = await readAdapterConfig(folder);
  const places = linearPlaces(model);
  const asked = followed(join(folder, CONFIG_FILE), () => {
    const selected = selectTargets(places, config, onWarning);
    return { selected, tensors: wholeTensors(model, selected) };
  });
  const { selected, tensors } = asked;
  const path = join(folder, WEIGHTS_FILE);
  if ((await stat(path).catch(() => null)) === null) {
    const hasPickle = (await stat(join(folder, "adapter_model.bin")).catch(() => null)) !== null;
    throw new AdapterFileError({
      path,
      expected: "the adapter's weights",
      actual: hasPickle ? "only adapter_model.bin, which is not read" : "no such file",
      ...(hasPickle ? { remedy: "save the adapter as safetensors" } : {}),
    });
  }
  const file = await openSafetensors(path);
  try {
    const names = namesByPlace(file, asked, places, onWarning);
    const matrices = new Map<string, HostMatrices>();
    for (const target of selected.targets) {
      const stored = names.get(target.path);
      const read = async (kind: MatrixKind): Promise<Float32Array> =>
        await readTensor(file, stored?.get(kind) ?? parameterName(target.path, kind), shapeOf(kind, target));
      matrices.set(target.path, {
        a: await read("a"),
        b: await read("b"),
        magnitude: selected.config.useDora ? await read("magnitude") : null,
      });
    }
    const whole = new Map<string, Float32Array>();
    for (const { storedName, name, shape } of tensors) {
      whole.set(storedName, await readTensor(file, storedName, { shape, of: asPhrase(name) }));
    }
    const wholeShapes = new Map(tensors.map(({ storedName, shape }) => [storedName, shape]));
    return { ...selected, baseModel, matrices, whole, wholeShapes };
  } finally {
    await file.close();
  }
}

/**
 * Writes an adapter folder. A new folder is written beside its place and renamed; in one that exists, each file is, so
 * that other files there stay.
 *
 * @param config with roles written out as names
 * @param files texts of further files, by their names
 */
export async function writeAdapter(
  folder: string,
  config: LoraConfig,
  baseModel: string | null,
  tensors: readonly { name: string; shape: readonly number[]; data: Float32Array }[],
  files: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const text = `${JSON.stringify(toPeftConfig(config, baseModel), null, 2)}\n`;
  const write = async (into: string): Promise<void> => {
    await writeSafetensors(
      join(into, WEIGHTS_FILE),
      tensors.map((tensor) => ({ ...tensor, dtype: "F32" })),
      { format: "pt" },
    );
    for (const [name, content] of files) await replaceFile(join(into, name), content);
    await replaceFile(join(into, CONFIG_FILE), text);
  };
  if ((await lstat(folder).catch(() => null)) !== null) {
    await write(folder);
    return;
  }
  await replaceFolder(folder, write);
}

/** What a config asks for in the model. @throws AdapterFileError when that cannot be */
function followed<Result>(path: string, follow: () => Result): Result {
  try {
    return follow();
  } catch (error) {
    if (!(error instanceof LoraConfigError)) throw error;
    const remedy = "the adapter may be of another model";
    throw new AdapterFileError({ path, ...peftFault(error), remedy, cause: error });
  }
}

/** What a config asks for in a model. */
interface AskedTensors {
  readonly selected: SelectedTargets;
  readonly tensors: readonly WholeTensor[];
}

/** Names of the stored matrices by path and kind. @throws AdapterFileError on a tensor that the config does not ask for */
function namesByPlace(
  file: SafetensorsFile,
  { selected: { config, targets }, tensors }: AskedTensors,
  places: readonly LinearPlace[],
  onWarning?: OnWarning,
): Map<string, Map<MatrixKind, string>> {
  const wanted = new Set(targets.map(({ path }) => path));
  const present = new Set(places.map(({ path }) => path));
  const names = new Map<string, Map<MatrixKind, string>>();
  // PEFT adds the frozen weight to adapters on the output head.
  const frozen = new Set(targets.map(({ path }) => `base_model.model.${path}.base_layer.weight`));
  const whole = new Set(tensors.map(({ storedName }) => storedName));
  for (const tensor of file.names()) {
    if (whole.has(tensor)) continue;
    if (frozen.has(tensor)) {
      onWarning?.(phrase`${file.path}, tensor ${quote(tensor)}: passed over; the model's own weight is used`);
      continue;
    }
    const parsed = parseParameterName(tensor);
    const fault = (
      expected: string | Phrase,
      actual: string | Phrase,
      remedy: string | Phrase,
    ): AdapterFileError => new AdapterFileError({ path: file.path, tensor, expected, actual, remedy });
    if (!parsed) {
      throw fault(
        "only what the config asks for: LoRA matrices, such as base_model.model.….lora_A.weight, and tensors of modules_to_save and bias",
        "a tensor of another kind",
        "it may come from another method, or the config is of another adapter",
      );
    }
    const { path, kind } = parsed;
    if (!present.has(path)) {
      throw fault(
        "a linear of the model",
        phrase`${quote(path)}, which it does not have`,
        "the adapter is of another model",
      );
    }
    if (!wanted.has(path)) {
      throw fault(
        "only linears that target_modules picks",
        quote(path),
        "config and weights are of different adapters",
      );
    }
    if (kind === "magnitude" && !config.useDora) {
      throw fault(
        "no magnitudes, as use_dora is false",
        "one",
        "config and weights are of different adapters",
      );
    }
    const kinds = names.get(path) ?? new Map<MatrixKind, string>();
    if (kinds.has(kind))
      throw fault("each matrix once", phrase`it beside ${quote(kinds.get(kind))}`, "remove one");
    names.set(path, kinds.set(kind, tensor));
  }
  return names;
}

/** The shape that a tensor has to have, and what it is for in the words of messages. */
interface ExpectedTensor {
  readonly shape: readonly number[];
  readonly of: Phrase;
}

function shapeOf(
  kind: MatrixKind,
  { path, rank, shape: [outFeatures, inFeatures] }: LoraTarget,
): ExpectedTensor {
  const shape = { a: [rank, inFeatures], b: [outFeatures, rank], magnitude: [outFeatures] }[kind];
  return { shape, of: phrase`rank ${rank} on ${path} [${outFeatures}, ${inFeatures}]` };
}

async function readTensor(
  file: SafetensorsFile,
  tensor: string,
  expected: ExpectedTensor,
): Promise<Float32Array> {
  const fault = (
    wanted: string | Phrase,
    actual: string | Phrase,
    remedy?: string | Phrase,
  ): AdapterFileError =>
    new AdapterFileError({
      path: file.path,
      tensor,
      expected: wanted,
      actual,
      ...(remedy !== undefined ? { remedy } : {}),
    });
  if (!file.has(tensor)) {
    throw fault(
      phrase`the tensor, as ${CONFIG_FILE} asks for it`,
      "no such tensor",
      "the file is incomplete or of another model",
    );
  }
  const { dtype, shape } = file.info(tensor);
  if (!storedTypes.includes(dtype)) throw fault(phrase`a dtype among ${storedTypes.join(", ")}`, dtype);
  if (shape.length !== expected.shape.length || shape.some((size, axis) => size !== expected.shape[axis])) {
    throw fault(
      phrase`shape [${expected.shape.join(", ")}] for ${expected.of}`,
      `[${shape.join(", ")}]`,
      "the adapter is of another model, or its config of another adapter",
    );
  }
  const values = await file.readFloat32(tensor);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw fault("finite numbers", phrase`${values[bad]} as element ${bad}`);
  return values;
}
