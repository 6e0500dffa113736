/** A launcher that stands in for Open MPI's, so that each end of it can be tried. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type FakeLaunchers, fakeOpenMpi } from "../testing/fake-launcher.js";
import { DONE_FILE, isMarkedDone, markDone } from "./done-file.js";
import { keepLaunched, type KeepLaunchedOptions, type KeptLaunched } from "./keep-launched.js";
import { type LaunchEvent, tellLaunchEvent } from "./launch-event.js";
import { findLauncher } from "./launcher.js";

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), "lathe-launched-"));
});

const stepFile = (): string => join(run, "step");
/** In a program of a fake launcher: what ranks would do. */
const ranksThat = {
  reach: (step: string) => `fs.writeFileSync(${JSON.stringify(stepFile())}, String(${step}));`,
  finish: () =>
    `fs.writeFileSync(${JSON.stringify(join(run, DONE_FILE))}, JSON.stringify({ launch: token }));`,
};

interface Kept extends KeptLaunched {
  readonly events: LaunchEvent[];
  readonly again: boolean[];
  readonly launched: string[][];
}

async function keep(
  fake: FakeLaunchers,
  more: Partial<Omit<KeepLaunchedOptions, "launcher" | "work" | "onEvent">> = {},
  settle: () => Promise<void> = () => Promise.resolve(),
): Promise<Kept> {
  const events: LaunchEvent[] = [];
  const again: boolean[] = [];
  const kept = await keepLaunched({
    launcher: await findLauncher("openmpi", fake.environment),
    hosts: null,
    ranks: 2,
    restarts: 2,
    interface: null,
    remoteShell: null,
    variables: [],
    isRoot: true,
    pauseSeconds: 0.1,
    environment: fake.environment,
    stdout: "stderr",
    ...more,
    onEvent: (event) => events.push(event),
    work: {
      program: (isAgain) => {
        again.push(isAgain);
        return Promise.resolve(["program", isAgain ? "again" : "first"]);
      },
      newestStep: () =>
        readFile(stepFile(), "utf8").then(
          (text) => Number(text),
          () => null,
        ),
      isDone: (launch) => isMarkedDone(run, launch),
      settle,
    },
  });
  return { ...kept, events, again, launched: await fake.launches() };
}

describe("launched ranks", () => {
  it("are done when their mark says so, whatever the launcher ends with", async () => {
    const kept = await keep(await fakeOpenMpi(`${ranksThat.finish()} exit(7);`));
    expect(kept).toMatchObject({ outcome: "done", launches: 1, code: 7 });
    expect(kept.events.map(({ type }) => type)).toEqual(["launching"]);
  });

  it("are not done by exit code 0, nor by the mark of an earlier launch", async () => {
    await markDone(run, "of another launch");
    const kept = await keep(await fakeOpenMpi("exit(0);"), { restarts: 1 });
    expect(kept).toMatchObject({ outcome: "given-up", launches: 2, code: 0 });
    expect(tellLaunchEvent(kept.events[1]).sentence.values[0]).toMatchObject({
      template: "the launcher ended with code 0 although no rank has marked the run as done",
    });
  });

  it("go on as long as each launch comes further, and no more often than asked without", async () => {
    // Steps 5, 10, 10, 15, 15, 15: two launches in a row stand still at last.
    const steps = "[5, 10, 10, 15, 15, 15][launch - 1]";
    const kept = await keep(await fakeOpenMpi(`${ranksThat.reach(steps)} exit(137);`), { restarts: 2 });
    expect(kept).toMatchObject({ outcome: "given-up", launches: 6 });
    expect(kept.again).toEqual([false, true, true, true, true, true]);
    const steps6 = kept.events.filter(({ type }) => type === "launching");
    expect(steps6.map((event) => "step" in event && event.step)).toEqual([null, 5, 10, 10, 15, 15]);
    expect(kept.events.at(-1)).toEqual({ type: "given-up", restarts: 2, step: 15 });
    expect(kept.launched[1].slice(-2)).toEqual(["program", "again"]);
  });

  it("are launched once where no restarts are asked for", async () => {
    expect(await keep(await fakeOpenMpi("exit(1);"), { restarts: 0 })).toMatchObject({ launches: 1 });
  });

  it("are not launched again with input at fault", async () => {
    const kept = await keep(await fakeOpenMpi("exit(2);"));
    expect(kept).toMatchObject({ outcome: "refused", launches: 1 });
  });

  it("are asked to finish up, once, by the signal that Open MPI passes on", async () => {
    const stop = new AbortController();
    const fake = await fakeOpenMpi(`
      process.on("SIGUSR2", () => { ${ranksThat.reach("3")} exit(130); });
      ${ranksThat.reach("1")}
      setInterval(() => {}, 1000);`);
    const timer = setInterval(() => {
      void readFile(stepFile(), "utf8").then(
        () => {
          stop.abort();
        },
        () => undefined,
      );
    }, 50);
    const kept = await keep(fake, { signal: stop.signal });
    clearInterval(timer);
    expect(kept).toMatchObject({ outcome: "interrupted", launches: 1, code: 130 });
    expect(await readFile(stepFile(), "utf8")).toBe("3");
  });

  it("are not launched where this process is asked to end before, nor while hosts are asked", async () => {
    const fake = await fakeOpenMpi("exit(1);");
    const before = await keep(fake, { signal: AbortSignal.abort() });
    expect(before).toMatchObject({ outcome: "interrupted", launches: 0, code: null });
    // A shell that never answers, and asks by its start.
    const shell = join(fake.folder, "shell");
    const asked = join(run, "asked");
    await writeFile(shell, `#!/bin/sh\ntouch '${asked}'\nexec sleep 60\n`, { mode: 0o755 });
    const stop = new AbortController();
    const timer = setInterval(() => {
      if (existsSync(asked)) stop.abort();
    }, 20);
    const hosts = [{ name: "berta", slots: 1 }];
    const kept = await keep(fake, { hosts, ranks: null, remoteShell: shell, signal: stop.signal });
    clearInterval(timer);
    expect(kept).toMatchObject({ outcome: "interrupted", launches: 0 });
    expect(await fake.launches()).toEqual([]);
  });

  it("leave what others hold alone where they were refused, and else what they held is taken back", async () => {
    let settled = 0;
    const settle = (): Promise<void> => {
      settled++;
      return Promise.resolve();
    };
    await keep(await fakeOpenMpi("exit(2);"), {}, settle);
    expect(settled).toBe(0);
    await keep(await fakeOpenMpi("exit(1);"), { restarts: 0 }, settle);
    expect(settled).toBe(1);
  });

  it(
    "go on with fewer where a host stays away, and never begin without one",
    { timeout: 60_000 },
    async () => {
      const hosts = ["localhost", "berta"].map((name) => ({ name, slots: 2 }));
      const fake = await fakeOpenMpi(`
      if (launch === 1) { fs.writeFileSync(${JSON.stringify(join(run, "away"))}, ""); exit(137); }
      ${ranksThat.finish()} exit(0);`);
      // A shell that answers until the first launch has ended.
      const shell = join(fake.folder, "shell");
      await writeFile(shell, `#!/bin/sh\ntest "$*" = "berta true" && test ! -e '${join(run, "away")}'\n`, {
        mode: 0o755,
      });
      const kept = await keep(fake, { hosts, ranks: 3, remoteShell: shell });
      expect(kept).toMatchObject({ outcome: "done", launches: 2, ranks: 2 });
      expect(kept.events.map(({ type }) => type)).toEqual(["launching", "ended", "away", "launching"]);
      const hostsOf = (words: string[]): string => words[words.indexOf("--host") + 1];
      expect(kept.launched.map(hostsOf)).toEqual(["localhost:2,berta:2", "localhost:2"]);
      await expect(keep(fake, { hosts, ranks: null, remoteShell: shell })).rejects.toMatchObject({
        fault: "unreachable",
        message: `berta: expected an answer, got none; ${shell} berta true must work without a password`,
      });
    },
  );

  it("need a launcher and a number", async () => {
    const fake = await fakeOpenMpi("");
    await expect(keep(fake, { ranks: null })).rejects.toMatchObject({ fault: "options" });
    await expect(findLauncher("srun", { PATH: fake.folder })).rejects.toThrow(
      "no launcher is found: expected one of srun on the path; on Debian and Ubuntu: apt-get install slurm-client",
    );
  });
});
