import { join } from "node:path";
import { type Phrase, phrase } from "@lathe/files";
import { isPreparedFolder, pathKind } from "./path-kind.js";

/** Files of rows that prepare writes, by their names. */
const ROWS = /\.(arrow|jsonl)$/i;

/**
 * What is wrong with a path given for rows, where that can be told by what lies there. A folder stands for the files in it, unless
 * prepare wrote it: of those one is meant.
 *
 * @param split name of the file that is meant where the path is a prepared folder
 * @returns null where nothing is known to be wrong, as where nothing lies there
 */
export async function rowsPathFault(path: string, split = "train"): Promise<Phrase | null> {
  const { names } = await pathKind(path);
  if (!isPreparedFolder(names)) return null;
  const file = [`${split}.arrow`, `${split}.jsonl`].find((name) => names.includes(name));
  const files = file === undefined ? names.filter((name) => ROWS.test(name)).join(", ") : join(path, file);
  return phrase`${path} is a folder that prepare wrote; its rows are in ${files}`;
}
