import { readdir } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { asFileError, FileError, statIfThere } from "@lathe/files";
import { extensionOf } from "./read-records.js";

const DATA_EXTENSIONS = new Set([
  ...[
    ".jsonl",
    ".ndjson",
    ".json",
    ".csv",
    ".tsv",
    ".parquet",
    ".arrow",
    ".feather",
    ".ipc",
    ".txt",
    ".text",
  ],
]);
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
 * for what it matches, each in the order of the names.
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
    const matched = (await filesBelow(root === "" ? "." : root)).filter((file) =>
      matchesPath(root === "" ? file.slice(2) : file, path),
    );
    if (matched.length === 0) throw new FileError(path, "matches no file");
    return matched;
  }
  if (found?.isDirectory() !== true) return [path];
  const rows = (await filesBelow(path)).filter(isFileOfRows);
  if (rows.length === 0) throw new FileError(path, "is a folder without a file of rows");
  return rows;
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) =>
        folder === "." ? `.${sep}${join(entry.parentPath, entry.name)}` : join(entry.parentPath, entry.name),
      )
      .sort();
  } catch (error) {
    throw asFileError(folder, "read", error);
  }
}

function isFileOfRows(file: string): boolean {
  const name = basename(file);
  return DATA_EXTENSIONS.has(extensionOf(name)) && !DESCRIPTIONS.has(name) && !NOTES.test(name);
}

/** Whether a path matches a pattern, segment by segment. */
function matchesPath(path: string, pattern: string): boolean {
  const segments = (text: string): string[] =>
    text.split(/[/\\]/).filter((segment) => segment !== "" && segment !== ".");
  return matchesList(segments(path), segments(pattern), (part) => part === "**", matchesSegment);
}

function matchesSegment(name: string, pattern: string): boolean {
  // Hidden files are meant only where that is said.
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  return matchesList(
    Array.from(name),
    Array.from(pattern),
    (part) => part === "*",
    (character, part) => part === "?" || part === character,
  );
}

/** Whether parts match a pattern of parts, some of which stand for any number of others: in time of their product at most. */
function matchesList(
  parts: readonly string[],
  pattern: readonly string[],
  isAny: (part: string) => boolean,
  matchesOne: (part: string, pattern: string) => boolean,
): boolean {
  let at = 0;
  let wanted = 0;
  let any = -1; // the last one that stands for any number
  let taken = 0; // where what it stands for ends
  while (at < parts.length) {
    if (wanted < pattern.length && isAny(pattern[wanted])) {
      any = wanted++;
      taken = at;
    } else if (wanted < pattern.length && matchesOne(parts[at], pattern[wanted])) {
      at += 1;
      wanted += 1;
    } else if (any !== -1) {
      wanted = any + 1;
      at = ++taken;
    } else return false;
  }
  return pattern.slice(wanted).every(isAny);
}
