import { relative } from "node:path";
import { expandInputs, type SplitName, SPLITS } from "@lathe/data";
import { FileError, phrase, statIfThere } from "@lathe/files";
import { isFileAddress, shownAddress } from "@lathe/hub";

/** What rows are for: to learn from, to choose by while learning, or to measure on. */
export type RowsUse = "training" | "validation" | "measuring";

/** Splits that serve a use where a folder has several, the best first. */
const splitsByUse: Readonly<Record<RowsUse, readonly SplitName[]>> = {
  training: ["train"],
  validation: ["validation", "test"],
  measuring: ["test", "validation"],
};

/** Splits by what data sets call them, at the beginning of a file's name or as its folder. */
const SPLIT_NAMES: readonly (readonly [SplitName, RegExp])[] = [
  ["train", /^train(?:ing)?(?:[._-]|$)/i],
  ["validation", /^(?:validation|valid|val|dev|eval)(?:[._-]|$)/i],
  ["test", /^test(?:[._-]|$)/i],
];

/** The split that a file belongs to by its name or that of a folder it is in; null where none tells. */
function splitOf(path: string): SplitName | null {
  for (const name of path.split(/[/\\]/).reverse()) {
    const found = SPLIT_NAMES.find(([, pattern]) => pattern.test(name));
    if (found) return found[0];
  }
  return null;
}

/**
 * The files of rows that a text stands for: a file, those of a folder, or those that match a pattern. Of a folder whose files are named
 * by splits, as those of data sets are, it is those of the one split that serves the use.
 *
 * @throws FileError where nothing is there, where a folder has no split for this use, and for an address, whose file has to be brought
 *   here before
 */
export async function rowFiles(input: string, use: RowsUse): Promise<readonly string[]> {
  if (isFileAddress(input))
    throw new FileError(
      shownAddress(input),
      "is an address: fetch it with cacheAddress of @lathe/hub and give the file",
    );
  const files = await expandInputs([input]);
  const isFolder = (await statIfThere(input))?.isDirectory() === true;
  return isFolder ? ofSplit(input, files, splitsByUse[use]) : files;
}

function ofSplit(folder: string, files: readonly string[], splits: readonly SplitName[]): readonly string[] {
  const found = files.map((file) => splitOf(relative(folder, file)));
  if (found.every((split) => split === null)) return files;
  const split = splits.find((name) => found.includes(name));
  if (split !== undefined) return files.filter((_, index) => found[index] === split);
  const there = SPLITS.filter((name) => found.includes(name)).join(", ");
  throw new FileError(
    folder,
    phrase`has files of ${there} and none of ${splits.join(", ")}; name the files that are meant`,
  );
}
