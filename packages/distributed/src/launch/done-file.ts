import { join } from "node:path";
import { isRecord, readJsonIfThere, replaceFile } from "@lathe/files";

/** File that the first rank leaves in the folder of a run when all ranks have come to its end. */
export const DONE_FILE = "DONE";

/** Variable by which whoever launches ranks tells them the launch, so that a mark of an earlier one is not taken for theirs. */
export const LAUNCH_VARIABLE = "LATHE_LAUNCH";

const MOST_BYTES = 10_000;

/**
 * Marks a run as done. Exit codes do not say so: a launcher may end with 0 although its ranks left in mid-run.
 * @param launch what {@link LAUNCH_VARIABLE} says; null where it says nothing
 */
export async function markDone(folder: string, launch: string | null): Promise<void> {
  await replaceFile(join(folder, DONE_FILE), `${JSON.stringify({ launch })}\n`);
}

/** Whether the ranks of a launch have marked the run as done. */
export async function isMarkedDone(folder: string, launch: string): Promise<boolean> {
  try {
    const mark = await readJsonIfThere(join(folder, DONE_FILE), { limit: MOST_BYTES });
    return isRecord(mark) && mark["launch"] === launch;
  } catch {
    // What is no mark marks nothing.
    return false;
  }
}
