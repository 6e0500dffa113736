import { rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asFileError, formatBytes, makeFolder, phrase, sweepLeftovers, temporaryName } from "@lathe/files";
import { type RunFolder, SpilledStreams } from "@lathe/train";
import type { StreamPlan } from "../memory/plan-stream.js";
import { field, RecipeError } from "../recipe-error.js";

/** Where a run has the inputs of layers that memory does not hold. */
export interface SpilledInputs {
  readonly streams: SpilledStreams;
  /** Takes them off the disk. */
  close(): Promise<void>;
}

/** A folder of this process's own, after those of killed ones have been cleared away. */
async function ownPlace(parent: string): Promise<string> {
  await sweepLeftovers(parent, { ownOnly: true });
  return temporaryName(join(parent, "lathe-spill"), "new");
}

/**
 * A place on the disk for the inputs of layers, in the folder of the run, else where the system has temporary files; null where memory
 * holds them.
 * @throws RecipeError where the disk has no space for them
 */
export async function spilledInputs(
  { spill, spillBytes }: Pick<StreamPlan, "spill" | "spillBytes">,
  run: RunFolder | null,
): Promise<SpilledInputs | null> {
  if (spill === null) return null;
  const folder = run ? run.spillPath : await ownPlace(tmpdir());
  try {
    await makeFolder(folder);
  } catch (error) {
    throw asFileError(folder, "made", error);
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < spillBytes) {
    await rm(folder, { recursive: true, force: true });
    const sentence = phrase`${field("output")}: expected a disk with ${formatBytes(spillBytes)} free for the inputs of layers, which memory does not hold, got ${formatBytes(free)}: take another disk, give more ${field("memory")}, or fewer tokens a step`;
    throw new RecipeError([{ field: "output", sentence }]);
  }
  const streams = new SpilledStreams(join(folder, "streams"), spill);
  return {
    streams,
    async close() {
      await streams.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
