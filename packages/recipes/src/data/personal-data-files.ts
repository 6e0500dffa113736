import { relative, resolve } from "node:path";
import { type PersonalDataOptions, readPersonalDataKey } from "@lathe/data";
import { decodeUtf8, FileError, fileFaults, phrase, readSmallFile } from "@lathe/files";
import { expectation, RecipeError } from "../recipe-error.js";

/** Files that say how personal data are treated. */
export interface PersonalDataFiles {
  /** Public data that stay, such as numbers of hotlines, one a line; lines that begin with # say nothing. */
  readonly allow?: string | undefined;
  /** The key with which masking can be undone, made where there is none; outside of the folder of the rows. */
  readonly key?: string | undefined;
}

/** Largest file of public data that is read, in bytes. */
const ALLOW_BYTES_LIMIT = 16_000_000;

/**
 * Reads the files.
 *
 * @param output folder that the rows go to, which must not hold the key
 * @throws RecipeError where it would; FileError where one cannot be read or made
 */
export async function readPersonalDataFiles(
  { allow, key }: PersonalDataFiles,
  output: string,
): Promise<Pick<PersonalDataOptions, "allow" | "key">> {
  if (key !== undefined && !relative(resolve(output), resolve(key)).startsWith("..")) {
    throw new RecipeError([expectation("personalDataFiles.key", phrase`a file outside of ${output}`, key)]);
  }
  return {
    ...(allow === undefined ? {} : { allow: await readEntries(allow) }),
    ...(key === undefined ? {} : { key: await readPersonalDataKey(key) }),
  };
}

async function readEntries(path: string): Promise<string[]> {
  const bytes = await readSmallFile(path, ALLOW_BYTES_LIMIT);
  if (bytes === null) throw new FileError(path, "no such file");
  const lines = decodeUtf8(bytes, fileFaults(path)).split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
}
