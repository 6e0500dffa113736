import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rmdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { asFileError } from "../errors/system-fault.js";
import { makeFolder } from "../write/make-folder.js";
import { LockedError } from "./locked-error.js";
import { IDENTITY_PATTERN, identityText, isAlive, isElsewhere, ownIdentity } from "./process-identity.js";

/** A lock that is held. It ends with {@link Lock.release}, or with the process. */
export interface Lock {
  /** Gives the lock back; twice is harmless. */
  release(): Promise<void>;
}

/** Name of a lock within the folder that it protects, and end of the name of one beside. */
export const LOCK_NAME = ".lathe-lock";

const CLAIM = new RegExp(`^${IDENTITY_PATTERN}-[0-9a-f]{8}$`);

/** Tries before a lock that others are also after is given up; each waits some milliseconds. */
const ATTEMPTS = 200;

/** Longest wait between two tries, in milliseconds. */
const LONGEST_WAIT = 40;

/** Where the lock of a folder or file lies that is replaced as a whole: beside it. */
export function lockBeside(place: string): string {
  const path = resolve(place);
  return join(dirname(path), `.${basename(path)}${LOCK_NAME}`);
}

/** Where the lock of a folder lies whose files are written one by one: in it. */
export function lockWithin(folder: string): string {
  return join(resolve(folder), LOCK_NAME);
}

/** Whether an entry of a folder is a lock on something beside it, or on the folder itself. */
export function isLockName(entry: string): boolean {
  return entry.startsWith(".") && entry.endsWith(LOCK_NAME);
}

/**
 * Takes a lock, which is a folder of claims. A claim is an empty file whose name tells the process. Whoever wants the lock
 * lays down a claim and then looks: it has the lock if no other living process has a claim there, and else takes its own
 * back and waits a moment. Of two at once the later one always sees the earlier one's claim. Claims of dead processes are
 * removed, each by a name that only it ever had, so that nothing of a living process can be removed by mistake.
 *
 * @param path the folder of claims, see {@link lockBeside} and {@link lockWithin}; folders on the way are made
 * @param subject what the lock protects, for the message
 * @throws LockedError when a living process has the lock
 * @throws FileError when no claim can be written there
 */
export async function takeLock(path: string, subject: string): Promise<Lock> {
  for (let attempt = 1; ; attempt++) {
    const before = await livingClaim(path);
    if (before !== null) throw await lockedError(path, subject, before);
    const claim = await layClaim(path, subject);
    const other = await livingClaim(path, claim);
    if (other === null) return heldLock(path, claim);
    await dropClaim(path, claim);
    if (attempt === ATTEMPTS) throw await lockedError(path, subject, other);
    await setTimeout(Math.random() * LONGEST_WAIT);
  }
}

/** Refuses what {@link takeLock} would refuse, before any work. @throws LockedError */
export async function checkUnlocked(path: string, subject: string): Promise<void> {
  const claim = await livingClaim(path);
  if (claim !== null) throw await lockedError(path, subject, claim);
}

/** Whether a living process holds a lock. Nothing is changed: claims of dead processes stay. @throws FileError when it cannot be told */
export async function isLocked(path: string): Promise<boolean> {
  return (await claimsIn(path)).some(({ identity }) => isAlive(identity));
}

/** The claims of other machines in a lock, whose processes cannot be asked whether they live. @throws FileError when it cannot be told */
export async function claimsElsewhere(path: string): Promise<string[]> {
  return (await claimsIn(path)).filter(({ identity }) => isElsewhere(identity)).map(({ entry }) => entry);
}

/** Takes back claims whose processes are known to have ended. @param claims of {@link claimsElsewhere} */
export async function dropClaims(path: string, claims: readonly string[]): Promise<void> {
  for (const claim of claims.filter((each) => CLAIM.test(each))) await dropClaim(path, claim);
}

/** Runs `work` while the lock is held. @throws what {@link takeLock} throws, and what `work` throws */
export async function withLock<Result>(
  path: string,
  subject: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = await takeLock(path, subject);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Removes the claims of dead processes, and the lock where none is left. */
export async function clearDeadClaims(path: string): Promise<void> {
  if ((await livingClaim(path)) === null) await rmdir(path).catch(() => undefined);
}

function heldLock(path: string, claim: string): Lock {
  let isHeld = true;
  return {
    async release() {
      if (!isHeld) return;
      isHeld = false;
      await dropClaim(path, claim);
    },
  };
}

/** The claims that are laid down in a lock. */
async function claimsIn(
  path: string,
): Promise<{ readonly entry: string; readonly identity: Parameters<typeof isAlive>[0] }[]> {
  const entries = await readdir(path).catch((error: unknown) => {
    // A lock that cannot be looked into is not a free one.
    if (isAbsent(error)) return [];
    throw asFileError(path, "read", error);
  });
  return entries.flatMap((entry) => {
    const found = CLAIM.exec(entry);
    if (!found) return [];
    const [, machine, pid, started] = found;
    return [{ entry, identity: { machine, pid: Number(pid), started } }];
  });
}

/** Name of a living process's claim besides `own`, or null; those of the dead are removed. */
async function livingClaim(path: string, own: string | null = null): Promise<string | null> {
  let living: string | null = null;
  for (const { entry, identity } of await claimsIn(path)) {
    if (entry === own) continue;
    if (isAlive(identity)) living = entry;
    else await unlink(join(path, entry)).catch(() => undefined);
  }
  return living;
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

async function layClaim(path: string, subject: string): Promise<string> {
  const claim = `${identityText(ownIdentity())}-${randomBytes(4).toString("hex")}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await makeFolder(dirname(path));
      await mkdir(path).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      });
      const handle = await open(join(path, claim), "wx");
      await handle.close();
      return claim;
    } catch (error) {
      // Who gives the lock back removes its folder: it may go between the two calls.
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && attempt < ATTEMPTS) continue;
      // A disk may have had space for the folder and none for the claim.
      await dropClaim(path, claim);
      throw asFileError(subject, "written", error);
    }
  }
}

async function dropClaim(path: string, claim: string): Promise<void> {
  await unlink(join(path, claim)).catch(() => undefined);
  // Fails while others have claims there.
  await rmdir(path).catch(() => undefined);
}

async function lockedError(path: string, subject: string, claim: string): Promise<LockedError> {
  const file = join(path, claim);
  const [, machine, pid, started] = CLAIM.exec(claim)!;
  const identity = { machine, pid: Number(pid), started };
  const since = await stat(file).then(
    ({ mtime }) => mtime,
    () => new Date(), // given back just now
  );
  return new LockedError(subject, identity.pid, since.toISOString(), isElsewhere(identity) ? file : null);
}
