import { join } from "node:path";
import { phrase, replaceFile, statIfThere } from "@lathe/files";
import { LaunchError } from "../launch/launch-error.js";
import type { ClusterFiles } from "./cluster-plan.js";

/**
 * Writes files into a folder, all of them or none where one is there already.
 * @returns paths of what was written
 * @throws LaunchError where a file is there and is not to be replaced; FileError
 */
export async function writeClusterFiles(
  folder: string,
  files: ClusterFiles,
  { overwrite }: { readonly overwrite: boolean },
): Promise<string[]> {
  const paths = Object.keys(files).map((name) => join(folder, name));
  for (const path of overwrite ? [] : paths) {
    if (await statIfThere(path))
      throw new LaunchError(
        "options",
        phrase`${path} exists already; choose another folder, or overwrite it`,
      );
  }
  for (const [name, text] of Object.entries(files)) await replaceFile(join(folder, name), text);
  return paths;
}
