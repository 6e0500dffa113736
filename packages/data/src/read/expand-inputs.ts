import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { asFileError, FileError, statIfThere } from "@lathe/files";
import { extensionOf, isRowsByContent } from "./open-by-content.js";

const DATA_EXTENSIONS = new Set(
  ".jsonl .ndjson .json .csv .tsv .parquet .arrow .feather .ipc .txt .text".split(" "),
);
/** Files beside rows that are none: what data sets of Hugging Face and prepared folders say of themselves. */
const DESCRIPTIONS = new Set([
  "dataset_info.json",
  "dataset_infos.json",
  "dataset_dict.json",
  "state.json",
  "manifest.json",
  "rejected.jsonl",
  "package.json",
  "config.json",
  "requirements.txt",
]);
const NOTES = /^(readme|licen[cs]e|notice|changelog|cache-|\.|_)/i;
const WILDCARD = /[*?]/;

/**
 * The files that paths stand for: a file for itself, a folder for the files of rows below it, and a pattern with `*`, `?` and `**`
 * for what it matches, each in the order of the names. Hidden files and folders are meant only where that is said, and no folder
 * is looked into that the pattern does not come to.
 *
 * @throws FileError for a path at which nothing is, and for a folder or a pattern without a file of rows
 */
export async function expandInputs(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await expandInput(path)));
  return [...new Set(files)];
}

async function expandInput(path: string): Promise<string[]> {
  const found = await statIfThere(path);
  if (found === null && WILDCARD.test(path)) {
    const root = path.slice(0, path.search(WILDCARD)).replace(/[^/\\]*$/, "");
    const parts = path.slice(root.length).split(/[/\\]/);
    const pattern = parts.filter((part) => part !== "" && part !== ".");
    const matched = await matchingFiles(root === "" ? "." : root, pattern);
    if (matched.length === 0) throw new FileError(path, "matches no file");
    return matched;
  }
  if (found?.isDirectory() !== true) return [path];
  const rows: string[] = [];
  for (const file of await matchingFiles(path, ["**"])) if (await isFileOfRows(file)) rows.push(file);
  if (rows.length === 0) throw new FileError(path, "is a folder without a file of rows");
  return rows;
}

/** A file in a folder is one of rows by its extension, or by its content where it has none, as `part-00000` of Spark has. */
async function isFileOfRows(file: string): Promise<boolean> {
  const name = basename(file);
  if (DESCRIPTIONS.has(name) || NOTES.test(name)) return false;
  const extension = extensionOf(name);
  if (extension !== "") return DATA_EXTENSIONS.has(extension);
  try {
    return await isRowsByContent(file);
  } catch (error) {
    if (error instanceof FileError) return false; // packed as nothing that is read, or not to be opened: hardly meant
    throw error;
  }
}

/** The files below a folder whose path from it matches a pattern, a part a name, sorted. */
async function matchingFiles(folder: string, pattern: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  // In a folder, the parts of the pattern that the next name may have to match: of several `**`, no way is gone twice.
  const walk = async (within: string, places: ReadonlySet<number>): Promise<void> => {
    for (const entry of await entriesOf(within)) {
      const path = join(within, entry.name);
      const isLink = entry.isSymbolicLink();
      const isFolder = entry.isDirectory() || (isLink && (await statIfThere(path))?.isDirectory() === true);
      // `**` follows no links, which may lead round in a circle.
      const next = placesAfter(entry.name, pattern, places, !(isLink && isFolder));
      if (isFolder) {
        next.delete(pattern.length);
        if (next.size > 0) await walk(path, next);
      } else if ((entry.isFile() || isLink) && next.has(pattern.length)) files.push(path);
    }
  };
  await walk(folder, reach(pattern, [0]));
  return files.sort();
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw asFileError(folder, "read", error);
  }
}

/** Places of a pattern, with those behind each `**`, which may stand for nothing. */
function reach(pattern: readonly string[], places: Iterable<number>): Set<number> {
  const all = new Set<number>();
  for (let place of places) {
    all.add(place);
    while (pattern[place] === "**") all.add(++place);
  }
  return all;
}

/** The places of a pattern at which the names below one are, or the end of the pattern, where it may be the last. */
function placesAfter(
  name: string,
  pattern: readonly string[],
  places: ReadonlySet<number>,
  mayBeAny: boolean,
): Set<number> {
  const next: number[] = [];
  for (const place of places) {
    if (pattern[place] === "**") {
      if (mayBeAny && !name.startsWith(".")) next.push(place);
    } else if (place < pattern.length && matchesName(name, pattern[place])) next.push(place + 1);
  }
  return reach(pattern, next);
}

function matchesName(name: string, pattern: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  return matchesList(Array.from(name), Array.from(pattern));
}

/** Whether characters match a pattern, of which each `*` stands for any number: in time of their product at most. */
function matchesList(name: readonly string[], pattern: readonly string[]): boolean {
  let at = 0;
  let wanted = 0;
  let any = -1; // the last one that stands for any number
  let taken = 0; // where what it stands for ends
  while (at < name.length) {
    if (pattern[wanted] === "*") {
      any = wanted++;
      taken = at;
    } else if (pattern[wanted] === "?" || pattern[wanted] === name[at]) {
      at += 1;
      wanted += 1;
    } else if (any !== -1) {
      wanted = any + 1;
      at = ++taken;
    } else return false;
  }
  return pattern.slice(wanted).every((part) => part === "*");
}
