import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Steps with a checkpoint of the run in a folder, ascending; none where there is no run. */
export async function stepFolders(run: string): Promise<number[]> {
  const names = await readdir(join(run, "checkpoints")).catch(() => []);
  return names.flatMap((name) => /^step-(\d+)$/.exec(name)?.slice(1).map(Number) ?? []).sort((a, b) => a - b);
}
