import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** A folder of a run, by its path from the folder that was looked through, with `/` between names; `.` for that folder itself. */
export interface FoundRun {
  readonly id: string;
  readonly folder: string;
  /** Names of what is in it. */
  readonly entries: ReadonlySet<string>;
}

/** What a page shows: an evaluation, a search for settings, rows, or a run. */
export type PageKind = "evaluation" | "search" | "data" | "run";

/** A page that a verb wrote, by the path of its file from the folder that was looked through. */
export interface RunPage {
  readonly id: string;
  readonly kind: PageKind;
}

/** A page and where it lies. */
export interface FoundPage extends RunPage {
  readonly file: string;
}

/** What was found below a folder. */
export interface FoundRuns {
  readonly runs: readonly FoundRun[];
  readonly pages: readonly FoundPage[];
  /** Whether there were more folders than are looked through. */
  readonly isCut: boolean;
}

/** Folders within each other that are looked through. */
const DEPTH = 4;

/** Folders that are looked through. */
const MOST_FOLDERS = 5000;

/** What a run writes, in which no other run lies. */
const PARTS = new Set(["checkpoints", "adapter", "model", "base", "tensorboard"]);

/** Finds runs and pages below a folder, by their own files. Links are not followed, so that nothing outside is found. */
export async function findRuns(root: string): Promise<FoundRuns> {
  const runs: FoundRun[] = [];
  const pages: FoundPage[] = [];
  let level: { readonly folder: string; readonly id: string }[] = [{ folder: root, id: "." }];
  let looked = 0;
  for (let depth = 0; depth <= DEPTH && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { folder, id } of level) {
      if (++looked > MOST_FOLDERS) return { runs, pages, isCut: true };
      // One that cannot be read holds nothing that could be shown.
      const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
      const isThere = (name: string, kind: "isFile" | "isDirectory"): boolean =>
        entries.some((entry) => entry.name === name && entry[kind]());
      const isRun =
        isThere("checkpoints", "isDirectory") ||
        (isThere("metrics.jsonl", "isFile") && isThere("config.json", "isFile"));
      if (isRun) runs.push({ id, folder, entries: new Set(entries.map(({ name }) => name)) });
      const below = (name: string): string => (id === "." ? name : `${id}/${name}`);
      for (const entry of entries) {
        const { name } = entry;
        const kind = entry.isFile() ? pageKind(name, isRun) : null;
        if (kind !== null) pages.push({ id: below(name), file: join(folder, name), kind });
        if (!entry.isDirectory() || name.startsWith(".") || name === "node_modules") continue;
        if (isRun && PARTS.has(name)) continue;
        next.push({ folder: join(folder, name), id: below(name) });
      }
    }
    level = next;
  }
  return { runs, pages, isCut: false };
}

function pageKind(name: string, isRun: boolean): PageKind | null {
  if (name === "report.html") return isRun ? "run" : "evaluation";
  if (name === "auto.html") return "search";
  return name.endsWith("-report.html") ? "data" : null;
}
