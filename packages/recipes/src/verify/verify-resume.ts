import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { checkFinetuneOptions } from "../finetune.js";
import type { FinetuneOptions } from "../finetune-options.js";
import type { OnRecipeEvent } from "../recipe-event.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { firstDifference, type RunDifference } from "./first-difference.js";
import { randomNumbers } from "./random-numbers.js";
import type { RunOrder } from "./run-messages.js";
import { stepFolders } from "./step-folders.js";
import { watchRun } from "./watched-run.js";

/** Steps that are tried unless they take too long. */
const STEPS = 8;

/** Wall time after which a step is the last that is tried, in seconds. */
const SECONDS = 60;

const KILLS = 5;

/** Share of kills that come before the first step of a process: while it starts, reads and loads. */
const EARLY_KILLS = 0.1;

/** The run that {@link verifyResume} tries, by paths alone: other processes read model and rows. */
export interface VerifyResumeOptions extends Omit<
  FinetuneOptions,
  "model" | "data" | "validation" | "engine" | "output" | "overwrite" | "resume" | "settings"
> {
  readonly model: string;
  readonly data: string;
  readonly validation?: string | undefined;
  readonly engine?: string | undefined;
  /** How often the run is killed. @defaultValue 5 */
  readonly kills?: number | undefined;
  /** First steps of the run that are tried; fewer where they take more than a minute. @defaultValue 8 */
  readonly steps?: number | undefined;
  /** The moments of the kills follow from it, and from how fast the machine is. @defaultValue 0 */
  readonly killSeed?: number | undefined;
}

/** Whether a run that is killed and resumed comes to the same bits. */
export interface ResumeVerification {
  /** How often a run was killed. */
  readonly kills: number;
  /** Whether every bit was the same: what is trained, moments, the rest of the state, metrics. */
  readonly equal: boolean;
  /** Steps that were tried. */
  readonly steps: number;
  /** The first difference, where there is one. */
  readonly difference: RunDifference | null;
}

/**
 * Shows on a run of one's own that it can be killed at any moment and goes on to the same bits: its first steps are trained once
 * without a stop, and once more in processes that are killed (SIGKILL) at random moments and resumed, as often as asked
 * for. Both are compared bit by bit. Everything is written to a temporary folder, which is removed.
 *
 * @throws RecipeError naming the field, and what `finetune` throws
 * @throws the signal's reason when it aborts
 */
export async function verifyResume(options: VerifyResumeOptions): Promise<ResumeVerification> {
  const { kills = KILLS, steps = STEPS, killSeed = 0, signal, onEvent, ...rest } = options;
  const counts = { kills, steps, killSeed };
  const faults = Object.entries(counts)
    .filter(([key, value]) => !Number.isSafeInteger(value) || value < (key === "killSeed" ? 0 : 1))
    .map(([key, value]) => expectation(key, "a whole number from 1", String(value)));
  if (faults.length > 0) throw new RecipeError(faults);
  await checkFinetuneOptions(rest);
  signal?.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), "lathe-verify-resume-"));
  try {
    return await verifyIn(folder, { ...rest, ...counts, signal, onEvent });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Verification extends Omit<VerifyResumeOptions, "kills" | "steps" | "killSeed"> {
  readonly kills: number;
  readonly steps: number;
  readonly killSeed: number;
}

async function verifyIn(folder: string, verification: Verification): Promise<ResumeVerification> {
  const { kills, steps: wanted, killSeed, signal, onEvent, ...rest } = verification;
  const whole = join(folder, "whole");
  const pace = await runWhole({ options: { ...rest, output: whole }, steps: wanted }, signal, onEvent);
  const { steps } = pace;
  // Some checkpoints on the way, so that runs go on from the middle.
  const saveEvery = Math.max(1, Math.floor(steps / 4));
  const random = randomNumbers(killSeed);
  let killed = 0;
  for (let number = 1; killed < kills; number++) {
    const output = join(folder, `killed-${number}`);
    const train = { ...rest.train, saveEvery };
    for (let isDone = false; !isDone;) {
      const order: RunOrder = { options: { ...rest, train, ...(await begunOrNew(output)) }, steps };
      const moment = killed < kills ? await killMoment(output, pace, random) : null;
      const end = await runUntil(order, moment, signal);
      isDone = end !== null;
      if (isDone) continue;
      killed++;
      const { length } = await stepFolders(output);
      onEvent?.({ type: "killed", kill: killed, kills, checkpoints: length, run: output });
    }
    const difference = await firstDifference(whole, output, steps);
    if (difference) return { kills: killed, equal: false, steps, difference };
    await rm(output, { recursive: true, force: true });
  }
  return { kills: killed, equal: true, steps, difference: null };
}

/** How long the parts of the run take that was not stopped. */
interface Pace {
  readonly steps: number;
  /** Seconds from the start of the process to the end of its first step. */
  readonly startSeconds: number;
  /** Seconds from one step to the next, at most. */
  readonly stepSeconds: number;
}

/** Trains without a stop, for as many steps as there is time for. */
async function runWhole(
  order: RunOrder,
  signal: AbortSignal | undefined,
  onEvent: OnRecipeEvent | undefined,
): Promise<Pace> {
  const started = performance.now();
  let [startSeconds, stepSeconds, before] = [0, 0, started];
  const run = watchRun(order, (step) => {
    const now = performance.now();
    if (startSeconds === 0) startSeconds = (now - started) / 1000;
    else stepSeconds = Math.max(stepSeconds, (now - before) / 1000);
    before = now;
    if ((now - started) / 1000 - startSeconds > SECONDS) run.interrupt();
    onEvent?.({ type: "progress", phase: "verifying", done: step, total: order.steps });
  });
  const steps = await endOf(run, signal);
  return { steps: steps!, startSeconds, stepSeconds: stepSeconds || startSeconds };
}

/** A moment of a run: so many steps of its process are done, and so much time has gone since. */
interface Moment {
  readonly steps: number;
  readonly seconds: number;
}

/** Draws when the next process is killed. */
async function killMoment(output: string, pace: Pace, random: () => number): Promise<Moment> {
  const done = (await stepFolders(output)).at(-1) ?? 0;
  if (random() < EARLY_KILLS || done >= pace.steps)
    return { steps: 0, seconds: random() * pace.startSeconds };
  return {
    steps: Math.max(1, Math.ceil(random() * (pace.steps - done))),
    seconds: random() * pace.stepSeconds,
  };
}

/** @returns the last step, or null where the run was killed */
async function runUntil(
  order: RunOrder,
  moment: Moment | null,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const timer = new AbortController();
  let done = 0;
  const killSoon = (seconds: number): void => {
    void setTimeout(seconds * 1000, null, { signal: timer.signal }).then(
      () => run.kill(),
      () => undefined,
    );
  };
  const run = watchRun(order, () => {
    if (++done === moment?.steps) killSoon(moment.seconds);
  });
  if (moment?.steps === 0) killSoon(moment.seconds);
  try {
    return await endOf(run, signal);
  } finally {
    timer.abort();
  }
}

/** The end of a run, which is killed when the signal aborts. */
async function endOf(
  run: ReturnType<typeof watchRun>,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const abort = (): void => run.kill();
  signal?.addEventListener("abort", abort);
  try {
    const end = await run.end;
    signal?.throwIfAborted();
    return end;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** A run that had written its settings goes on; one that was killed before begins anew. */
async function begunOrNew(output: string): Promise<Pick<FinetuneOptions, "output" | "resume" | "overwrite">> {
  const entries = await readdir(output).catch((): string[] => []);
  if (entries.includes("config.json") && entries.includes("checkpoints")) return { output, resume: true };
  return { output, overwrite: entries.includes("checkpoints") };
}
