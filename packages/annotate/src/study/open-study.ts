import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { FileError, LockedError, lockWithin, phrase, statIfThere, takeLock } from "@lathe/files";
import { STUDY_FILE } from "./create-study.js";
import { Study } from "./study.js";
import { StudyDatabase } from "./study-database.js";
import type { StudyData } from "./study-data.js";

/**
 * Opens the study of a folder to add to it.
 *
 * @throws FileError when there is none
 * @throws LockedError when it is open in another process
 */
export async function openStudy(folder: string): Promise<Study> {
  const file = await studyFile(folder);
  const lock = await takeLock(lockWithin(folder), folder);
  try {
    return new Study(await openLaidOut(file, "own"), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Tries to copy a study that ends just then. */
const ATTEMPTS = 20;

/**
 * Reads what results are made of, also while annotators are at work in another process.
 *
 * @throws FileError when there is no study in the folder
 */
export async function readStudy(folder: string): Promise<StudyData> {
  const file = await studyFile(folder);
  for (let attempt = 1; ; attempt++) {
    try {
      const study = await openStudy(folder);
      try {
        return study.data();
      } finally {
        await study.close();
      }
    } catch (error) {
      if (!(error instanceof LockedError) || attempt === ATTEMPTS) throw error;
    }
    const data = await readCopy(file);
    if (data !== null) return data;
    await setTimeout(50);
  }
}

/** What a copy of file and log says; null where the file changed meanwhile, which it does when a study is opened or closed. */
async function readCopy(file: string): Promise<StudyData | null> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-study-"));
  try {
    const before = await stat(file);
    const copy = join(folder, STUDY_FILE);
    // The log first: what is written after that is in neither copy.
    await copyFile(`${file}-wal`, `${copy}-wal`).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    });
    await copyFile(file, copy);
    const after = await stat(file);
    if (before.mtimeMs !== after.mtimeMs || before.size !== after.size) return null;
    const study = new Study(await openLaidOut(copy, "copy"), null);
    try {
      return study.data();
    } finally {
      await study.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function studyFile(folder: string): Promise<string> {
  const file = join(folder, STUDY_FILE);
  if ((await statIfThere(file)) === null) {
    throw new FileError(
      folder,
      phrase`expected a folder with the study of an annotation (${STUDY_FILE}), got none`,
    );
  }
  return file;
}

async function openLaidOut(file: string, use: "own" | "copy"): Promise<StudyDatabase> {
  const database = await StudyDatabase.open(file, use);
  if (database.isLaidOut) return database;
  database.close();
  throw new FileError(file, "holds no study");
}
