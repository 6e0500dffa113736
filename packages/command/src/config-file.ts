import { asPhrase, type Phrase, phrase } from "@lathe/files";
import { readFile, stat } from "node:fs/promises";
import { parseDocument } from "yaml";
import { camelCase } from "./property.js";
import { suggestion } from "./nearest-name.js";
import type { Program } from "./program.js";
import { UsageError } from "./usage-error.js";

/** Options from a config file, by their camelCase keys. */
export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Largest file that is read, in bytes; a long one has a few kilobytes. */
const BYTES_LIMIT = 1_000_000;

/** Aliases that one file may expand to: enough for shared values, too few to fill the memory. */
const ALIAS_LIMIT = 100;

/**
 * Reads options from YAML 1.2, of which JSON is a part. Keys may be written as in the help (`learning-rate`) or as in
 * the schema (`learningRate`, `learning_rate`).
 *
 * @param keys the options there are   @param nameHere see {@link Program.nameHere}
 * @throws UsageError naming the file and every fault in it
 */
export async function readConfigFile(
  path: string,
  keys: readonly string[],
  nameHere: NonNullable<Program<never>["nameHere"]> = () => null,
): Promise<ConfigFile> {
  const values = await readMapping(path);
  const faults: Phrase[] = [];
  const entries = new Map<string, unknown>();
  for (const [name, value] of Object.entries(values)) {
    const key = camelCase(name);
    if (!keys.includes(key)) {
      const here = nameHere(name, keys);
      const hint = here
        ? phrase`; here that is ${here.key}${here.value === null ? "" : `: ${here.value}`}`
        : suggestion(name, keys);
      faults.push(phrase`${path}: unknown key ${JSON.stringify(name)}${hint}`);
    } else if (entries.has(key)) {
      faults.push(phrase`${path}: key ${JSON.stringify(name)} is there twice, in two spellings`);
    } else if (value !== null && value !== undefined) {
      entries.set(key, value);
    }
  }
  if (faults.length > 0) throw new UsageError(faults);
  return { path, values: Object.fromEntries(entries) };
}

/**
 * What a config file holds, under the names that it is written with, whatever options there are.
 * @throws UsageError naming the file
 */
export async function readMapping(path: string): Promise<Readonly<Record<string, unknown>>> {
  const values = await readYaml(path);
  if (values === null || values === undefined) return {};
  if (typeof values !== "object" || Array.isArray(values)) {
    throw new UsageError([phrase`${path}: expected a mapping from options to values`]);
  }
  return values as Readonly<Record<string, unknown>>;
}

async function readYaml(path: string): Promise<unknown> {
  const found = await stat(path).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "no such file" : message;
    throw new UsageError([phrase`${path}: ${asPhrase(reason)}`], null, { cause: error });
  });
  if (!found.isFile()) throw new UsageError([phrase`${path}: expected a file`]);
  if (found.size > BYTES_LIMIT) {
    throw new UsageError([phrase`${path}: expected at most ${BYTES_LIMIT} bytes, got ${found.size}`]);
  }
  const text = await readFile(path, "utf8");
  const document = parseDocument(text, { version: "1.2", schema: "core", prettyErrors: true });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) {
    const [sentence] = fault.message.split("\n");
    throw new UsageError([phrase`${path}: expected YAML: “${sentence.replace(/:$/, "")}”`], null, {
      cause: fault,
    });
  }
  try {
    return document.toJS({ maxAliasCount: ALIAS_LIMIT });
  } catch (error) {
    throw new UsageError([phrase`${path}: expected YAML: “${(error as Error).message}”`], null, {
      cause: error,
    });
  }
}
