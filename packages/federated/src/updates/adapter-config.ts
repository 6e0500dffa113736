import { join } from "node:path";
import { isRecord, readJsonFile } from "@lathe/files";
import { CONFIG_FILE } from "./adapter-files.js";
import { UpdateError } from "./update-error.js";

/** What says of an adapter what its tensors mean, as PEFT has it. */
export type AdapterConfig = Readonly<Record<string, unknown>>;

/** Largest config that is read, in bytes. */
export const CONFIG_LIMIT = 10_000_000;

/** The key that says which model an adapter is of: a name, or a path on the machine where it was made. */
export const BASE_KEY = "base_model_name_or_path";

/** The config of an adapter folder. @throws UpdateError `config` where there is none */
export async function readAdapterConfig(within: string): Promise<AdapterConfig> {
  const place = { within, part: CONFIG_FILE };
  const value = await readJsonFile(join(within, CONFIG_FILE), {
    limit: CONFIG_LIMIT,
    makeFault: (expected, actual, cause) => new UpdateError("config", place, expected, actual, { cause }),
  });
  if (!isRecord(value)) throw new UpdateError("config", place, "a JSON object", typeof value);
  return value;
}

/** The bytes of a config that others get: of a path on this machine, its last part alone. */
export function travellingConfig(config: AdapterConfig): Buffer {
  const base = config[BASE_KEY];
  const named = typeof base === "string" ? { [BASE_KEY]: base.split(/[/\\]+/).findLast(Boolean) ?? "" } : {};
  return Buffer.from(`${JSON.stringify({ ...config, ...named }, null, 2)}\n`);
}
