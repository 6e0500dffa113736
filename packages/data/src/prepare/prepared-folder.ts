import { readdir, readFile, realpath } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { MANIFEST_FILE, MANIFEST_FORMAT } from "./manifest-file.js";
import { OutputFolderError } from "./output-folder-error.js";
import { parseJson } from "../read/safe-json.js";

/**
 * Checks that a folder may be written or, with `overwrite`, replaced. Only a folder that holds a manifest of prepare and nothing but
 * the files this names is ever replaced.
 *
 * @param inputs files that are read; none may lie in a folder that is replaced
 * @throws OutputFolderError when the folder must be left alone
 */
export async function checkOutputFolder(
  folder: string,
  inputs: readonly string[],
  overwrite: boolean,
): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    if (code === "ENOTDIR") throw new OutputFolderError(folder, "is a file; name a folder");
    throw error;
  }
  if (names.length === 0) return;
  if (!overwrite)
    throw new OutputFolderError(folder, "exists and is not empty; name another one or allow overwriting");
  const written = await writtenFiles(folder);
  if (written === undefined) {
    throw new OutputFolderError(
      folder,
      `was not made by prepare (no ${MANIFEST_FILE} of its own in it) and is not overwritten`,
    );
  }
  const foreign = names.filter((name) => !written.includes(name));
  if (foreign.length > 0) {
    const shown = foreign.slice(0, 3).join(", ");
    throw new OutputFolderError(
      folder,
      `also holds files that prepare did not write (${shown}) and is not overwritten`,
    );
  }
  const real = await realpath(folder);
  for (const input of inputs) {
    const path = relative(real, await realpath(input));
    if (!path.startsWith("..") && !isAbsolute(path)) {
      throw new OutputFolderError(folder, `holds the input ${input}, which overwriting would delete`);
    }
  }
}

/** Names of the files of a prepared folder, or undefined when the folder is not one. */
async function writtenFiles(folder: string): Promise<string[] | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST_FILE), "utf8");
  } catch {
    return undefined;
  }
  const parsed = parseJson(text);
  if ("error" in parsed || typeof parsed.value !== "object" || parsed.value === null) return undefined;
  const { format, outputs } = parsed.value as { format?: unknown; outputs?: unknown };
  if (format !== MANIFEST_FORMAT || typeof outputs !== "object" || outputs === null) return undefined;
  return [MANIFEST_FILE, ...Object.keys(outputs)];
}
