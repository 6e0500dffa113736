/** Launchers that stand in for real ones: what becomes of one that is asked to end. */
import { existsSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { LaunchCommand } from "./launch-command.js";
import { runLauncher, type RunLauncherOptions } from "./run-launcher.js";

let mark: string;
beforeEach(async () => {
  mark = join(await mkdtemp(join(tmpdir(), "lathe-launcher-")), "started");
});

/** Runs a text of a shell; it says with `started` that it hears signals from there on. */
const run = (program: string, options: Partial<RunLauncherOptions> = {}) => {
  const text = `trap '' USR2; started() { : > '${mark}'; }; ${program}`;
  const command: LaunchCommand = {
    file: "/bin/sh",
    words: ["-c", text],
    environment: {},
    interrupt: "SIGUSR2",
  };
  return runLauncher(command, { environment: process.env, stdout: "keep", ...options });
};
/** A signal that aborts as soon as the launcher is there. */
function whenStarted(): AbortSignal {
  rmSync(mark, { force: true });
  const stop = new AbortController();
  const timer = setInterval(() => {
    if (!existsSync(mark)) return;
    clearInterval(timer);
    stop.abort();
  }, 20);
  return stop.signal;
}
const forGood = "started; while :; do sleep 0.05; done";
const deaf = `trap '' TERM; ${forGood}`;

describe("a launcher", () => {
  it("is not started for work that was given up before", async () => {
    expect(await run("started", { signal: AbortSignal.abort() })).toEqual({
      code: null,
      signal: null,
      stdout: "",
    });
    expect(existsSync(mark)).toBe(false);
  });

  it("has what its ranks need to finish up, and is ended after that", async () => {
    const finishing = `trap 'sleep 0.1; exit 130' USR2; ${forGood}`;
    expect(await run(finishing, { signal: whenStarted(), finishSeconds: 60 })).toMatchObject({ code: 130 });
    expect(await run(forGood, { signal: whenStarted(), finishSeconds: 0.1 })).toMatchObject({
      code: null,
      signal: "SIGTERM",
    });
  });

  it("is killed where it does not end its ranks, when they are asked to end or have had their time", async () => {
    const killed = { code: null, signal: "SIGKILL" };
    const asked = { signal: whenStarted(), finishSeconds: 0, endSeconds: 0.1 };
    expect(await run(deaf, asked)).toMatchObject(killed);
    expect(await run(deaf, { limitSeconds: 1, endSeconds: 0.1 })).toMatchObject(killed);
  });

  it("has ended although what it started holds its pipes", async () => {
    const end = await run("sleep 5 & printf said", { endSeconds: 0.1 });
    expect(end).toEqual({ code: 0, signal: null, stdout: "said" });
  });
});
