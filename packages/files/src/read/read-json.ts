import { phrase } from "../errors/phrase.js";
import { JsonError } from "../json/json-error.js";
import { parseJson, type ParseJsonOptions } from "../json/parse-json.js";
import { decodeUtf8 } from "./decode-utf8.js";
import { fileFaults, type MakeFault } from "./make-fault.js";
import { readSmallFile } from "./read-small-file.js";

/** Limits and errors of {@link readJsonFile}. */
export interface ReadJsonOptions extends ParseJsonOptions {
  /** Largest file that is read, in bytes. */
  readonly limit: number;
  /** Makes the error that is thrown. @defaultValue a FileError */
  readonly makeFault?: MakeFault;
}

/**
 * The value of bytes that hold JSON in UTF-8, read as {@link parseJson} does.
 * @throws what `makeFault` makes, with line and column
 */
export function decodeJson(bytes: Uint8Array, makeFault: MakeFault, options: ParseJsonOptions = {}): unknown {
  const text = decodeUtf8(bytes, makeFault);
  try {
    return parseJson(text, options);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    const { line, column, expectedPhrase: expected, actualPhrase: actual } = cause;
    throw makeFault(phrase`JSON with ${expected} at line ${line}, column ${column}`, actual, cause);
  }
}

/**
 * The value of a JSON file of bounded size, or undefined when there is no such file.
 * @throws what `makeFault` makes when the file is too large, cannot be read or is not JSON
 */
export async function readJsonIfThere(path: string, options: ReadJsonOptions): Promise<unknown> {
  const makeFault = options.makeFault ?? fileFaults(path);
  const bytes = await readSmallFile(path, options.limit, makeFault);
  return bytes === null ? undefined : decodeJson(bytes, makeFault, options);
}

/**
 * The value of a JSON file of bounded size.
 * @throws what `makeFault` makes when the file is missing, too large, cannot be read or is not JSON
 */
export async function readJsonFile(path: string, options: ReadJsonOptions): Promise<unknown> {
  const value = await readJsonIfThere(path, options);
  if (value === undefined) throw (options.makeFault ?? fileFaults(path))("a JSON file", "no such file");
  return value;
}
