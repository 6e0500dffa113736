import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { asPhrase } from "@lathe/files";
import { ranksOf } from "./ranks-of.js";
import { absenceError, absentHosts } from "./absent-hosts.js";
import { LAUNCH_VARIABLE } from "./done-file.js";
import { type Host, slotsOf } from "./host.js";
import { launchCommand, type LaunchPlan } from "./launch-command.js";
import { LaunchError } from "./launch-error.js";
import type { LaunchEvent } from "./launch-event.js";
import type { Launcher } from "./launcher.js";
import { runLauncher, type RunLauncherOptions } from "./run-launcher.js";

/** The work that ranks are launched for, as whoever launches them sees it on its disk. */
export interface LaunchedWork {
  /** The program and its words. @param isAgain whether it goes on with what an earlier launch has left */
  program(isAgain: boolean): Promise<readonly string[]>;
  /** Step of the newest checkpoint; null where there is none. */
  newestStep(): Promise<number | null>;
  /** Whether the ranks of a launch have come to the end. */
  isDone(launch: string): Promise<boolean>;
  /**
   * Waits until no rank of the launch that has ended writes any more, and takes back what those hold that are lost.
   * @param signal ends the waiting
   */
  settle(signal?: AbortSignal): Promise<void>;
}

/** How {@link keepLaunched} launches. */
export interface KeepLaunchedOptions
  extends Omit<LaunchPlan, "ranks" | "program">, Pick<RunLauncherOptions, "environment" | "signal"> {
  readonly launcher: Launcher;
  /** Null for as many as the hosts take. */
  readonly ranks: number | null;
  /** Launches after the first that come to no newer checkpoint, at most. */
  readonly restarts: number;
  /** Seconds until hosts that did not answer are asked again. @defaultValue 5 */
  readonly pauseSeconds?: number | undefined;
  readonly work: LaunchedWork;
  readonly stdout: "inherit" | "stderr";
  /** Hears what launches begin with and how they end. */
  readonly onEvent: (event: LaunchEvent) => void;
}

/** What became of launched ranks. */
export interface KeptLaunched {
  readonly outcome:
    | "done"
    /** This process was asked to end, and the ranks have finished up. */
    | "interrupted"
    /** The input is at fault: launched again it would be so again. */
    | "refused"
    /** No launch came further than the one before. */
    | "given-up"
    /** No host answers any more. */
    | "away";
  /** 0 where this process was asked to end before the first. */
  readonly launches: number;
  /** Of the last launch. */
  readonly ranks: number;
  /** Code that the last launcher ended with; null where a signal ended it. */
  readonly code: number | null;
}

/** What a program ends with where the user's input is at fault. */
const CODE_REFUSED = 2;

/** Seconds that ranks have for the step at hand and its checkpoint when they are asked to end. */
const FINISH_SECONDS = 3600;

/** How often hosts are asked that do not answer, and seconds between. */
const ASKED = 3;
const PAUSE_SECONDS = 5;

/**
 * Launches ranks, and again where they end before their work is done, on the hosts that still answer. Work that is marked as done counts,
 * not an exit code.
 * @throws LaunchError where a host does not answer at first, or an option is not as it should be
 */
export async function keepLaunched(options: KeepLaunchedOptions): Promise<KeptLaunched> {
  const { launcher, work, restarts, environment, signal, stdout, onEvent } = options;
  let hosts = options.hosts;
  await checkThere(hosts, options);
  let left = restarts;
  let best = await work.newestStep();
  let last: Pick<KeptLaunched, "launches" | "ranks" | "code"> = { launches: 0, ranks: 0, code: null };
  for (let launches = 1; ; launches++) {
    if (signal?.aborted) return { ...last, outcome: "interrupted" };
    const ranks = ranksOn(hosts, options);
    const launch = randomUUID();
    const program = await work.program(launches > 1);
    const variables = [...options.variables, LAUNCH_VARIABLE];
    const command = launchCommand(launcher, { ...options, hosts, ranks, variables, program });
    onEvent({
      type: "launching",
      launch: launches,
      ranks,
      hosts: hosts?.map(({ name }) => name) ?? null,
      step: best,
    });
    const end = await runLauncher(command, {
      environment: { ...environment, [LAUNCH_VARIABLE]: launch },
      stdout,
      signal,
      finishSeconds: FINISH_SECONDS,
    });
    const { code } = end;
    last = { launches, ranks, code };
    if (await work.isDone(launch)) return { ...last, outcome: "done" };
    if (signal?.aborted) return { ...last, outcome: "interrupted" };
    onEvent({ type: "ended", code, signal: end.signal, step: await work.newestStep() });
    if (code === CODE_REFUSED) return { ...last, outcome: "refused" };
    await work.settle(signal);
    const step = await work.newestStep();
    if (step !== null && step > (best ?? -1)) left = restarts;
    best = step;
    if (left === 0) {
      onEvent({ type: "given-up", restarts, step });
      return { ...last, outcome: "given-up" };
    }
    left--;
    hosts = await remaining(hosts, options);
    if (hosts?.length === 0) return { ...last, outcome: "away" };
  }
}

/** Hosts that Slurm gives are Slurm's to look after. */
const areAsked = (hosts: readonly Host[] | null, { name }: Launcher): hosts is readonly Host[] =>
  hosts !== null && name !== "srun";

async function checkThere(hosts: readonly Host[] | null, options: KeepLaunchedOptions): Promise<void> {
  if (!areAsked(hosts, options.launcher)) return;
  const away = await awayAfterAll(hosts, options);
  if (away.length > 0 && !options.signal?.aborted) throw absenceError(away, options.remoteShell);
}

/** Hosts that do not answer, after some patience: machines start, and those of a cluster one after the other. */
async function awayAfterAll(
  hosts: readonly Host[],
  { remoteShell, signal, pauseSeconds = PAUSE_SECONDS }: KeepLaunchedOptions,
): Promise<readonly Host[]> {
  for (let asked = 1; ; asked++) {
    const away = await absentHosts(hosts, remoteShell, signal);
    if (away.length === 0 || asked >= ASKED || signal?.aborted) return away;
    await sleep(pauseSeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}

/** Hosts without those that stay away. */
async function remaining(
  hosts: readonly Host[] | null,
  options: KeepLaunchedOptions,
): Promise<readonly Host[] | null> {
  const { launcher, signal, onEvent } = options;
  if (!areAsked(hosts, launcher)) return hosts;
  const away = await awayAfterAll(hosts, options);
  if (away.length === 0 || signal?.aborted) return hosts;
  const left = hosts.filter((host) => !away.includes(host));
  onEvent({ type: "away", hosts: away.map(({ name }) => name), left: left.length });
  return left;
}

/** Ranks of a launch: as many as were asked for, or as the hosts take, where some have stayed away. */
function ranksOn(hosts: readonly Host[] | null, options: KeepLaunchedOptions): number {
  const ranks = ranksOf({ ...options, hosts });
  if (ranks === null)
    throw new LaunchError("options", asPhrase("expected hosts or a number of ranks, got neither"));
  return hosts === null || hosts === options.hosts ? ranks : Math.min(ranks, slotsOf(hosts));
}
