import type { Phrase } from "@lathe/files";
import { isPreparedFolder, pathKind } from "./path-kind.js";
import { rowsPathFault } from "./rows-path-fault.js";

/**
 * What is wrong with a path given for files of rows, where that can be told by what lies there; else null. A folder stands for
 * the files in it, unless lathe prepare wrote it, and a pattern for what it matches.
 */
export async function inputsPathFault(path: string): Promise<Phrase | null> {
  const { kind, names } = await pathKind(path);
  if (kind === "missing" && /[*?]/.test(path)) return null;
  const isFolderOfFiles = kind !== "file" && kind !== "missing" && !isPreparedFolder(names);
  return isFolderOfFiles ? null : rowsPathFault(path);
}
