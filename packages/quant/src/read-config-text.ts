import { decodeJson, decodeUtf8, isRecord, readSmallFile, type Phrase } from "@lathe/files";
import { ModelConfigError } from "@lathe/model";
import { join } from "node:path";

/** Largest config.json that is read, in bytes; real ones have a few thousand. */
const CONFIG_BYTES_LIMIT = 10_000_000;

/** A folder's config.json as text and as the object it holds. @throws ModelConfigError when it is no such thing */
export async function readConfigText(
  folder: string,
): Promise<{ readonly path: string; readonly text: string; readonly json: Record<string, unknown> }> {
  const path = join(folder, "config.json");
  const fault = (expected: string | Phrase, actual: string | Phrase, cause?: unknown): ModelConfigError =>
    new ModelConfigError({ path, expected, actual, cause });
  const bytes = await readSmallFile(path, CONFIG_BYTES_LIMIT, fault);
  if (bytes === null) throw fault("the config of a model", "no such file");
  const json = decodeJson(bytes, fault);
  if (!isRecord(json)) throw fault("a JSON object", "another value");
  return { path, text: decodeUtf8(bytes, fault), json };
}
