import { join } from "node:path";
import { type Phrase, phrase } from "@lathe/files";
import { hubHint, repositoryMeant } from "./from-hub.js";
import { isPreparedFolder, pathKind } from "./path-kind.js";

/** Files of rows, by their names. */
const ROWS = /\.(arrow|jsonl|csv|tsv|parquet)$/i;

/**
 * What is wrong with a path given for a file of rows, where that can be told by what lies there; else null.
 * @param split name of the file that is meant where the path is a prepared folder
 */
export async function rowsPathFault(path: string, split = "train"): Promise<Phrase | null> {
  const { kind, names } = await pathKind(path);
  if (kind === "file") return null;
  if (kind === "missing") {
    // `data/rows.jsonl` has the form of an id as well.
    return ROWS.test(path) || (await repositoryMeant(path, "dataset")) ? null : hubHint(path, "dataset");
  }
  if (isPreparedFolder(names)) {
    const file = [`${split}.arrow`, `${split}.jsonl`].find((name) => names.includes(name));
    const files = file === undefined ? names.filter((name) => ROWS.test(name)).join(", ") : join(path, file);
    return phrase`${path} is a folder that lathe prepare wrote; its rows are in ${files}`;
  }
  const files = names.filter((name) => ROWS.test(name)).slice(0, 3);
  return files.length === 0
    ? phrase`${path} is a folder; expected a file of rows`
    : phrase`${path} is a folder; expected a file of rows, such as ${files.map((name) => join(path, name)).join(", ")}`;
}
