import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  checkUnlocked,
  claimsElsewhere,
  dropClaims,
  isLocked,
  lockWithin,
  takeLock,
  withLock,
} from "./lock.js";
import { LockedError } from "./locked-error.js";
import { FullDisk } from "../../testing/full-disk.js";
import { identityText, isAlive, ownIdentity } from "./process-identity.js";

const program = fileURLToPath(new URL("../../testing/take-lock.mjs", import.meta.url));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lathe-lock-"));
  path = lockWithin(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Number above any that Linux gives. */
const NO_PID = 4_194_305;

async function leaveClaim(changes: Partial<ReturnType<typeof ownIdentity>>): Promise<string> {
  await mkdir(path, { recursive: true });
  const claim = `${identityText({ ...ownIdentity(), ...changes })}-00000000`;
  await writeFile(join(path, claim), "");
  return claim;
}

/** Has processes take the lock at one time. @returns what each says of it */
async function race(count: number, log: string): Promise<string[]> {
  const go = join(folder, `go-${count}`);
  const contestants = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, [program, folder, go, log], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    const isReady = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const outcome = new Promise<string>((resolve) =>
      child.on("close", () => resolve(output.replace("ready\n", "").trim())),
    );
    return { isReady, outcome };
  });
  await Promise.all(contestants.map(({ isReady }) => isReady));
  writeFileSync(go, "");
  return await Promise.all(contestants.map(({ outcome }) => outcome));
}

describe("takeLock", () => {
  it("is held until it is released, and leaves nothing", async () => {
    const lock = await takeLock(path, "the folder");
    const error: unknown = await takeLock(path, "the folder").catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(LockedError);
    expect(error).toMatchObject({ path: "the folder", pid: process.pid, claim: null });
    expect(Math.abs(Date.parse((error as LockedError).since) - Date.now())).toBeLessThan(60_000);
    await expect(checkUnlocked(path, "the folder")).rejects.toThrow(LockedError);
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await checkUnlocked(path, "the folder");
    await (await takeLock(path, "the folder")).release();
  });

  it("can be asked about, which changes nothing", async () => {
    expect(await isLocked(path)).toBe(false);
    const dead = await leaveClaim({ pid: NO_PID });
    expect(await isLocked(path)).toBe(false);
    expect(await readdir(path)).toEqual([dead]);
    const lock = await takeLock(path, "");
    expect(await isLocked(path)).toBe(true);
    await lock.release();
    expect(await isLocked(path)).toBe(false);
  });

  it("gives the lock back when the work fails", async () => {
    await expect(withLock(path, "", async () => Promise.reject(new Error("broken")))).rejects.toThrow(
      "broken",
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves nothing on a disk that is full, whichever call finds no space first", async () => {
    for (let calls = 0; ; calls++) {
      const disk = await FullDisk.start(folder, calls);
      const lock = await takeLock(path, "the folder")
        .catch((fault: unknown) => fault)
        .finally(() => disk.stop());
      if (!(lock instanceof Error)) {
        expect(calls).toBeGreaterThan(1);
        return await (lock as Awaited<ReturnType<typeof takeLock>>).release();
      }
      expect(lock.message).toBe("the folder: cannot be written: no space is left on the device");
      expect(await readdir(folder), `${calls} calls`).toEqual([]);
    }
  });

  it("takes over the lock of a dead process", async () => {
    await leaveClaim({ pid: NO_PID });
    const lock = await takeLock(path, "");
    expect(await readdir(path)).toHaveLength(1);
    await lock.release();
    const { signal } = spawnSync(process.execPath, [program, folder, folder, join(folder, "log"), "die"]);
    expect(signal).toBe("SIGKILL");
    expect(await readdir(path)).toHaveLength(1);
    await (await takeLock(path, "")).release();
  });

  it.skipIf(process.platform === "win32")("knows a number that was given to another process", async () => {
    await leaveClaim({ started: "123456789abc" });
    await leaveClaim({ pid: process.ppid, started: "123456789abc" });
    await (await takeLock(path, "")).release();
    expect(isAlive(ownIdentity())).toBe(true);
  });

  it("does not take over from another machine, and tells how", async () => {
    const claim = await leaveClaim({ machine: "00000000" });
    await expect(takeLock(path, "the folder")).rejects.toThrow(`remove ${join(path, claim)}`);
  });

  it("is free again without the claims of another machine that are dropped, and with no other", async () => {
    expect(await claimsElsewhere(path)).toEqual([]);
    const own = await takeLock(path, "the folder");
    const claim = await leaveClaim({ machine: "00000000" });
    expect(await claimsElsewhere(path)).toEqual([claim]);
    await dropClaims(path, [claim, "../x"]);
    expect(await claimsElsewhere(path)).toEqual([]);
    expect(await isLocked(path)).toBe(true);
    await own.release();
    await (await takeLock(path, "the folder")).release();
  });

  it.runIf(process.platform === "linux")(
    "counts a process as dead that only waits for its parent",
    async () => {
      // `sleep` replaces the shell and never asks after the child that the shell had started.
      const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 20"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      try {
        const pid = await new Promise<number>((resolve) =>
          parent.stdout.once("data", (chunk: Buffer) => resolve(Number(chunk.toString()))),
        );
        await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "latin1")).toMatch(/\) Z /);
        expect(isAlive({ ...ownIdentity(), pid, started: "123456789abc" })).toBe(false);
      } finally {
        parent.kill("SIGKILL");
      }
    },
  );

  it("is held by one at a time, whoever starts at once, over a dead process's lock", async () => {
    for (const count of [2, 12]) {
      await leaveClaim({ pid: NO_PID });
      const log = join(folder, "log");
      writeFileSync(log, "");
      const outcomes = await race(count, log);
      expect(outcomes.filter((outcome) => outcome === "held").length).toBeGreaterThan(0);
      const lines = readFileSync(log, "utf8").trim().split("\n");
      for (let index = 0; index < lines.length; index += 2) {
        const pid = /^begin (\d+)$/.exec(lines[index])?.[1];
        expect(lines[index + 1], lines.join("; ")).toBe(`end ${pid}`);
      }
      expect(outcomes).toHaveLength(count);
      for (const outcome of outcomes) expect(outcome).toMatch(/^(held|\d+)$/);
    }
  });
});
