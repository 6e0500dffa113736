import { isDeepStrictEqual } from "node:util";
import { isRecord, phrase } from "@lathe/files";
import { WeightsError } from "@lathe/model";
import type { AdapterTensors } from "../aggregate/adapter-tensors.js";
import { shown } from "../text/shown.js";
import { type AdapterFile, openAdapterFile } from "./adapter-file.js";
import { readAdapterConfig } from "./adapter-config.js";
import { CONFIG_FILE, WEIGHTS_FILE } from "./adapter-files.js";
import { UpdateError } from "./update-error.js";

/** Types in which adapters are stored. */
const STORED_TYPES: readonly string[] = ["F32", "F16", "BF16"];

/** Keys of adapter_config.json that say what the tensors of an adapter mean. */
const CONFIG_KEYS = [
  "peft_type",
  "r",
  "lora_alpha",
  "target_modules",
  "use_rslora",
  "use_dora",
  "rank_pattern",
  "alpha_pattern",
  "bias",
  "modules_to_save",
] as const;

/**
 * Opens the weights of an update and holds them to those that it began with: the same config, names and shapes, a type that adapters
 * have, and finite numbers. The caller closes it.
 *
 * @param folder of the update
 * @param start folder of the adapter that the round began with
 * @throws UpdateError
 */
export async function openUpdate(
  folder: string,
  start: string,
  global: AdapterTensors,
): Promise<AdapterFile> {
  await checkConfig(folder, start);
  const file = await openAdapterFile(folder).catch((cause: unknown) => {
    throw weightsFault(cause, folder);
  });
  try {
    await checkTensors(file, folder, global);
    return file;
  } catch (error) {
    await file.close();
    throw weightsFault(error, folder);
  }
}

/** What is wrong with the weights of an update; any other error, such as that of a disk that cannot be read, as it is. */
function weightsFault(error: unknown, folder: string): unknown {
  if (!(error instanceof WeightsError) || isSystemError(error.cause)) return error;
  const part = error.tensor === null ? WEIGHTS_FILE : `${WEIGHTS_FILE}: ${shown(error.tensor)}`;
  return new UpdateError("tensors", { within: folder, part }, error.expectedPhrase, error.actualPhrase, {
    cause: error,
  });
}

const isSystemError = (cause: unknown): boolean => cause instanceof Error && "syscall" in cause;

async function checkConfig(folder: string, start: string): Promise<void> {
  const [own, given] = await Promise.all([folder, start].map(readAdapterConfig));
  for (const key of CONFIG_KEYS) {
    const [came, expected] = [own, given].map((config) => settled(config[key]));
    if (isDeepStrictEqual(came, expected)) continue;
    throw new UpdateError(
      "config",
      { within: folder, part: CONFIG_FILE },
      phrase`${key} ${shown(expected)}, as the round's adapter has it`,
      shown(came),
    );
  }
}

/** A value without what has no meaning: the order of names in a set, and the ways to say nothing. */
function settled(value: unknown): unknown {
  if (Array.isArray(value))
    return value.length === 0 ? null : value.map((entry) => JSON.stringify(entry)).sort();
  if (isRecord(value)) return Object.keys(value).length === 0 ? null : value;
  return value === undefined || value === false || value === "none" ? null : value;
}

async function checkTensors(file: AdapterFile, within: string, global: AdapterTensors): Promise<void> {
  const weights = { within, part: WEIGHTS_FILE };
  const names = new Set(file.names);
  const missing = global.names.find((name) => !names.has(name));
  if (missing !== undefined)
    throw new UpdateError("tensors", weights, phrase`the tensor ${shown(missing)}`, "no such tensor");
  if (names.size !== global.names.length) {
    const wanted = new Set(global.names);
    const more = file.names.find((name) => !wanted.has(name));
    throw new UpdateError("tensors", weights, "the tensors of the round's adapter alone", shown(more));
  }
  for (const name of global.names) {
    const place = { within, part: `${WEIGHTS_FILE}: ${shown(name)}` };
    const [shape, expected] = [file.shapeOf(name), global.shapeOf(name)];
    if (!isDeepStrictEqual([...shape], [...expected])) {
      const [wanted, came] = [expected, shape].map((sizes) => `[${sizes.join(", ")}]`);
      throw new UpdateError("shape", place, phrase`shape ${wanted}`, came);
    }
    const dtype = file.dtypeOf(name);
    if (!STORED_TYPES.includes(dtype))
      throw new UpdateError("dtype", place, phrase`a dtype among ${STORED_TYPES.join(", ")}`, dtype);
    const values = await file.read(name);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new UpdateError("numbers", place, "finite numbers", phrase`${values[bad]} as element ${bad}`);
  }
}
