import { realpath } from "node:fs/promises";
import { checkUnlocked, type Lock, lockWithin, makeFolder, takeLock } from "@lathe/files";

/** This process's hold on a run. */
export type RunLock = Lock;

/** Locks of this process, and how many hold each: a run that is opened twice in one process stays its own. */
const held = new Map<string, { readonly lock: Lock; holders: number }>();

/**
 * Keeps other processes from writing a run, whose folder is made where it is missing.
 * @throws LockedError while another process writes it; FileError where no folder can be made
 */
export async function lockRun(folder: string): Promise<RunLock> {
  await makeFolder(folder);
  const place = await realpath(folder);
  return await inTurn(place, () => hold(folder, place));
}

/** The last taking or giving back of the lock on a place that is under way. */
const turns = new Map<string, Promise<unknown>>();

/** Lets one taking or giving back of the lock on a place follow the other, as each looks at what the last has left. */
async function inTurn<Result>(place: string, work: () => Promise<Result>): Promise<Result> {
  const turn = (turns.get(place) ?? Promise.resolve()).then(work);
  const settled = turn.then(
    () => undefined,
    () => undefined,
  );
  turns.set(place, settled);
  try {
    return await turn;
  } finally {
    if (turns.get(place) === settled) turns.delete(place);
  }
}

async function hold(folder: string, place: string): Promise<RunLock> {
  const found = held.get(place);
  // Whoever removed the folder has removed the lock with it.
  const isThere = found !== undefined && (await isOwnLock(place));
  const entry = isThere ? found : { lock: await takeLock(lockWithin(place), folder), holders: 0 };
  held.set(place, entry);
  entry.holders++;
  let isReleased = false;
  return {
    async release() {
      if (isReleased) return;
      isReleased = true;
      await inTurn(place, async () => {
        if (--entry.holders > 0) return;
        if (held.get(place) === entry) held.delete(place);
        await entry.lock.release();
      });
    },
  };
}

/** Refuses a run that another process writes. @throws LockedError */
export async function checkRunUnlocked(folder: string): Promise<void> {
  const place = await realpath(folder).catch(() => null);
  if (place === null || held.has(place)) return;
  await checkUnlocked(lockWithin(place), folder);
}

async function isOwnLock(place: string): Promise<boolean> {
  return await realpath(lockWithin(place)).then(
    () => true,
    () => false,
  );
}
