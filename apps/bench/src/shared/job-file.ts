import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Writes a job for another process, hands its path on, and removes it. */
export async function withJobFile<Result>(
  job: object,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-bench-"));
  try {
    const path = join(folder, "job.json");
    await writeFile(path, JSON.stringify(job));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
