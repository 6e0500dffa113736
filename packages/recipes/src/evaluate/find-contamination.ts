import { realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findLeaks, type Leak, MANIFEST_FILE } from "@lathe/data";
import { rowFiles } from "../rows/row-files.js";

/** Rows of a test set that are among what was learnt from. */
export interface Contamination {
  /** The prepared folder. */
  readonly folder: string;
  /** Rows of the test set that have a copy, or a near one, in what is trained on. */
  readonly rows: number;
  /** The first of them. */
  readonly leaks: readonly Leak[];
  /** Files of the folder that are no longer what was prepared. */
  readonly changed: readonly string[];
}

const MOST_SHOWN = 20;

/**
 * Looks for rows of a test set in the prepared folders that are known: the one that it lies in, and those that runs learnt from.
 * Folders without a manifest are none.
 *
 * @param data the test set; of its files those of JSON lines are looked at
 * @param training rows that runs learnt from
 */
export async function findContamination(
  data: string,
  training: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Contamination[]> {
  const lines = (await rowFiles(data, "measuring")).filter((file) => file.endsWith(".jsonl"));
  if (lines.length === 0) return [];
  const own = await Promise.all(lines.map((file) => realpath(file)));
  const folders = new Set<string>();
  const learnt = await Promise.all(
    // What a run learnt from may be gone.
    training.map((input) => rowFiles(input, "training").catch(() => [input])),
  );
  for (const file of [...own, ...learnt.flat()]) {
    const folder = dirname(await realpath(file).catch(() => file));
    const files = await Promise.all(
      [MANIFEST_FILE, "train.jsonl", "test.jsonl"].map((name) => stat(join(folder, name)).catch(() => null)),
    );
    if (files.every((found) => found?.isFile() === true)) folders.add(folder);
  }
  const found: Contamination[] = [];
  for (const folder of folders) {
    const others = own.filter((file) => dirname(file) !== folder);
    const report = await findLeaks({
      folder,
      ...(others.length === 0 ? {} : { against: others }),
      ...(signal ? { signal } : {}),
    });
    const leaks = report.leaks.filter(({ test }) => own.includes(test.file));
    found.push({ folder, rows: leaks.length, leaks: leaks.slice(0, MOST_SHOWN), changed: report.changed });
  }
  return found;
}
