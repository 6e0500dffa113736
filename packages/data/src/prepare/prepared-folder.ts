import { readdir, realpath } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import { OutputFolderError, phrase } from "@lathe/files";
import { MANIFEST_FILE } from "./manifest-file.js";
import { readManifestOutputs } from "./read-manifest.js";

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
    if (code === "ENOTDIR") {
      throw new OutputFolderError(folder, "an output folder", "a file", "name a folder");
    }
    throw error;
  }
  if (names.length === 0) return;
  if (!overwrite) {
    throw new OutputFolderError(
      folder,
      "an output folder that does not exist or is empty",
      "one with files in it",
      "name another one or allow overwriting",
    );
  }
  const outputs = await readManifestOutputs(folder);
  const foreign =
    outputs === null
      ? null
      : names.filter((name) => name !== MANIFEST_FILE && !Object.hasOwn(outputs, name)).slice(0, 3);
  if (foreign?.length !== 0) {
    throw new OutputFolderError(
      folder,
      "a folder that prepare wrote and nobody added to, as only that is overwritten",
      foreign === null
        ? phrase`one without a ${MANIFEST_FILE} of prepare`
        : phrase`one that also holds ${foreign.join(", ")}`,
      "move it away or name another folder",
    );
  }
  const real = await realpath(folder);
  for (const input of inputs) {
    const path = relative(real, await realpath(input));
    if (!path.startsWith("..") && !isAbsolute(path)) {
      throw new OutputFolderError(
        folder,
        "an output folder without any input in it, as overwriting deletes what it holds",
        phrase`one that holds ${input}`,
        "name another folder",
      );
    }
  }
}
