import { join } from "node:path";
import { type FieldSentence, sentenceOf } from "../recipe-error.js";
import { isPreparedFolder, pathKind } from "./path-kind.js";

/** Files of rows, by their names. */
const ROWS = /\.(arrow|jsonl|csv|tsv|parquet)$/i;

/**
 * What is wrong with a path given for a file of rows, where that can be told by what lies there.
 *
 * @param split name of the file that is meant where the path is a prepared folder
 * @returns null where nothing is known to be wrong, as where nothing lies there
 */
export async function rowsPathFault(path: string, split = "train"): Promise<FieldSentence | null> {
  const { kind, names } = await pathKind(path);
  if (kind !== "folder") return null;
  if (isPreparedFolder(names)) {
    const file = [`${split}.arrow`, `${split}.jsonl`].find((name) => names.includes(name));
    const files = file === undefined ? names.filter((name) => ROWS.test(name)).join(", ") : join(path, file);
    return sentenceOf`${path} is a folder that prepare wrote; its rows are in ${files}`;
  }
  const files = names.filter((name) => ROWS.test(name)).slice(0, 3);
  return files.length === 0
    ? sentenceOf`${path} is a folder; expected a file of rows`
    : sentenceOf`${path} is a folder; expected a file of rows, such as ${files.map((name) => join(path, name)).join(", ")}`;
}

/**
 * What is wrong with a path given for files of rows, where that can be told by what lies there. A folder stands for the files in
 * it, unless prepare wrote it, and a pattern for what it matches.
 *
 * @returns null where nothing is known to be wrong
 */
export async function inputsPathFault(path: string): Promise<FieldSentence | null> {
  const { names } = await pathKind(path);
  return isPreparedFolder(names) ? await rowsPathFault(path) : null;
}
