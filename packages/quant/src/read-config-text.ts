import { ModelConfigError } from "@lathe/model";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Largest config.json that is read, in bytes; real ones have a few thousand. */
const CONFIG_BYTES_LIMIT = 10_000_000;

/** A folder's config.json as text and as the object it holds. @throws ModelConfigError when it is no such thing */
export async function readConfigText(
  folder: string,
): Promise<{ readonly path: string; readonly text: string; readonly json: Record<string, unknown> }> {
  const path = join(folder, "config.json");
  const fault = (expected: string, actual: string, cause?: unknown): ModelConfigError =>
    new ModelConfigError({ path, expected, actual, cause });
  const found = await stat(path).catch(() => null);
  if (!found?.isFile())
    throw fault("the config of a model", found ? "something that is not a file" : "no such file");
  if (found.size > CONFIG_BYTES_LIMIT) {
    throw fault(`a file of at most ${CONFIG_BYTES_LIMIT} bytes`, `${found.size} bytes`);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) {
      return { path, text, json: json as Record<string, unknown> };
    }
  } catch (cause) {
    throw fault("JSON in UTF-8", cause instanceof Error ? cause.message : String(cause), cause);
  }
  throw fault("a JSON object", "another value");
}
