import { realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findLeaks, type Leak, MANIFEST_FILE } from "@lathe/data";

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
 * @param data file of the test set
 * @param training files that runs learnt from
 */
export async function findContamination(
  data: string,
  training: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Contamination[]> {
  const own = await realpath(data);
  const folders = new Set<string>();
  for (const file of [own, ...training]) {
    const folder = dirname(await realpath(file).catch(() => file));
    const files = await Promise.all(
      [MANIFEST_FILE, "train.jsonl", "test.jsonl"].map((name) => stat(join(folder, name)).catch(() => null)),
    );
    if (files.every((found) => found?.isFile() === true)) folders.add(folder);
  }
  const found: Contamination[] = [];
  for (const folder of folders) {
    const isWithin = dirname(own) === folder;
    const report = await findLeaks({
      folder,
      ...(isWithin ? {} : { against: [own] }),
      ...(signal ? { signal } : {}),
    });
    const leaks = report.leaks.filter(({ test }) => test.file === own);
    found.push({ folder, rows: leaks.length, leaks: leaks.slice(0, MOST_SHOWN), changed: report.changed });
  }
  return found;
}
