import { appendFile, readdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DONE_FILE } from "@lathe/distributed";
import {
  asFileError,
  checkWritable,
  isOnTheWay,
  isRecord,
  JsonError,
  makeFolder,
  parseJson,
  readLines,
  removeFolder,
  replaceFile,
  replaceFolder,
  sweepLeftovers,
  syncFile,
  syncFolder,
  phrase,
} from "@lathe/files";
import { type CheckpointFacts, type CheckpointState, readCheckpoint, sealCheckpoint } from "./checkpoint.js";
import type { PassedOverCheckpoint } from "./checkpoint-fault.js";
import { NoIntactCheckpointError, RunFolderError } from "./errors.js";
import { checkRunUnlocked, lockRun, type RunLock } from "./run-lock.js";

const CONFIG_FILE = "config.json";
const METRICS_FILE = "metrics.jsonl";
const SAMPLES_FILE = "samples.jsonl";
const REFERENCE_FILE = "reference.json";
const SPILL_FOLDER = "spill";
const CHECKPOINTS_FOLDER = "checkpoints";
const STEP_FOLDER = /^step-(\d+)$/;

/** What a run writes; nothing else is ever removed. */
const ownEntries: readonly string[] = [
  CONFIG_FILE,
  METRICS_FILE,
  CHECKPOINTS_FOLDER,
  "adapter",
  "model",
  "base",
  "report.json",
  "report.html",
  SAMPLES_FILE,
  REFERENCE_FILE,
  "tensorboard",
  SPILL_FOLDER,
  "rejected.jsonl",
  DONE_FILE,
];

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

/** Names in a folder, but for what is on the way to one; none where there is no folder. */
async function entriesOf(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((entry) => !isOnTheWay(entry));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new RunFolderError(path, phrase`expected a folder or a free place (${message})`, { cause: error });
  }
}

/**
 * A run on disk: `config.json`, `metrics.jsonl` (a line an optimiser step), `checkpoints/step-N/`, `adapter/`. From
 * {@link RunFolder.create} or {@link RunFolder.open} on no other process can write it, until {@link RunFolder.close} or
 * the end of this one.
 */
export class RunFolder {
  private constructor(
    readonly path: string,
    private readonly lock: RunLock,
  ) {}

  /**
   * Makes the folder of a new run.
   * @param options.overwrite removes an earlier run there; a folder that holds anything else is left alone
   * @throws RunFolderError if something is there already; LockedError while another process writes it
   */
  static async create(path: string, options: { readonly overwrite?: boolean } = {}): Promise<RunFolder> {
    await RunFolder.checkFree(path, options);
    const lock = await lockRun(path);
    try {
      // Asked again: another process may have begun a run and ended since.
      await RunFolder.checkFree(path, options);
      await sweepLeftovers(path);
      // The checkpoints last: what remains when this is interrupted is still known as a run.
      for (const entry of [...ownEntries.filter((name) => name !== CHECKPOINTS_FOLDER), CHECKPOINTS_FOLDER]) {
        await rm(join(path, entry), { recursive: true, force: true });
      }
      await makeFolder(join(path, CHECKPOINTS_FOLDER));
      return new RunFolder(resolve(path), lock);
    } catch (error) {
      await lock.release();
      throw asFileError(path, "made", error);
    }
  }

  /** What {@link RunFolder.create} would refuse, refused before any work. @throws RunFolderError, LockedError */
  static async checkFree(
    path: string,
    { overwrite = false }: { readonly overwrite?: boolean } = {},
  ): Promise<void> {
    await checkRunUnlocked(path);
    await checkWritable(path);
    const entries = await entriesOf(path);
    const checkpoints = await entriesOf(join(path, CHECKPOINTS_FOLDER));
    // A run that ended before it had written its settings has trained nothing.
    const isBegun = entries.some((entry) => entry !== CHECKPOINTS_FOLDER) || checkpoints.length > 0;
    if (!isBegun) return;
    if (!overwrite) {
      throw new RunFolderError(
        path,
        "exists already; choose another output, resume the run, or overwrite it",
      );
    }
    if (!entries.includes(CHECKPOINTS_FOLDER)) {
      throw new RunFolderError(
        path,
        phrase`is not a run (no ${CHECKPOINTS_FOLDER} folder), so it is not overwritten`,
      );
    }
    const foreign = [
      ...entries.filter((entry) => !ownEntries.includes(entry)),
      ...checkpoints
        .filter((entry) => !STEP_FOLDER.test(entry))
        .map((entry) => `${CHECKPOINTS_FOLDER}/${entry}`),
    ];
    if (foreign.length > 0) {
      const shown =
        foreign.length > 3
          ? phrase`${foreign.slice(0, 3).join(", ")} and ${foreign.length - 3} more`
          : foreign.join(", ");
      throw new RunFolderError(
        path,
        phrase`is not overwritten, as it also holds what no run writes: ${shown}; move that away or choose another output`,
      );
    }
  }

  /**
   * Opens the folder of a run that was begun before, and clears away what killed processes left half written or spilled.
   * @throws RunFolderError if there is none; LockedError while another process writes it
   */
  static async open(path: string): Promise<RunFolder> {
    if (!(await exists(join(path, CHECKPOINTS_FOLDER)))) {
      throw new RunFolderError(path, "holds no run to resume");
    }
    const lock = await lockRun(path);
    try {
      await sweepLeftovers(path);
      await sweepLeftovers(join(path, CHECKPOINTS_FOLDER));
      await removeFolder(join(path, SPILL_FOLDER));
      return new RunFolder(resolve(path), lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Lets other processes write the run. */
  async close(): Promise<void> {
    await this.lock.release();
  }

  /** Where the finished adapter lies. */
  get adapterPath(): string {
    return join(this.path, "adapter");
  }

  /** Where log-likelihoods of before the training are kept, which objectives on preferences compare with. */
  get referencePath(): string {
    return join(this.path, REFERENCE_FILE);
  }

  /** Writes the resolved settings of the run. */
  async writeConfig(config: unknown): Promise<void> {
    await replaceFile(join(this.path, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
  }

  /** Writes what is told of a complete run. */
  async write(name: "report.json" | "report.html", text: string): Promise<void> {
    await replaceFile(join(this.path, name), text);
  }

  /** Appends a line to `metrics.jsonl`. */
  async appendMetrics(metrics: object): Promise<void> {
    await this.#append(METRICS_FILE, metrics);
  }

  /** Appends what the model said after a step to `samples.jsonl`. */
  async appendSamples(samples: StepSamples): Promise<void> {
    await this.#append(SAMPLES_FILE, samples);
  }

  async #append(name: string, line: object): Promise<void> {
    const path = join(this.path, name);
    await appendFile(path, `${JSON.stringify(line)}\n`).catch((error: unknown) => {
      throw asFileError(path, "written", error);
    });
  }

  /** The lines of `metrics.jsonl` up to a step, parsed; a line cut short by a kill is left out. */
  async readMetrics(lastStep: number): Promise<Record<string, unknown>[]> {
    return await stepLines(join(this.path, METRICS_FILE), lastStep);
  }

  /** What the model said up to a step. */
  async readSamples(lastStep: number): Promise<StepSamples[]> {
    const lines = await stepLines(join(this.path, SAMPLES_FILE), lastStep);
    return lines.filter((line) => isStepSamples(line));
  }

  /** Drops what the model said after a step. */
  async truncateSamples(step: number): Promise<void> {
    const path = join(this.path, SAMPLES_FILE);
    if (!(await exists(path))) return;
    const kept = await this.readSamples(step);
    await replaceFile(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /**
   * Drops the lines after a step, which a resumed run writes again.
   * @param last a line to put in their place; what is found at any moment has all of this or nothing
   */
  async truncateMetrics(step: number, last?: object): Promise<void> {
    const path = join(this.path, METRICS_FILE);
    if (!(await exists(path))) return;
    const kept: object[] = await this.readMetrics(step);
    if (last) kept.push(last);
    await replaceFile(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** Steps that have a checkpoint, ascending. */
  async checkpointSteps(): Promise<number[]> {
    const names = await readdir(join(this.path, CHECKPOINTS_FOLDER)).catch(() => []);
    return names
      .flatMap((name) => STEP_FOLDER.exec(name)?.slice(1, 2).map(Number) ?? [])
      .sort((a, b) => a - b);
  }

  /** Folder for what a step has on the disk while it is computed; nothing in it outlives the run's process. */
  get spillPath(): string {
    return join(this.path, SPILL_FOLDER);
  }

  /** Folder of a step's checkpoint. */
  checkpointPath(step: number): string {
    return join(this.path, CHECKPOINTS_FOLDER, `step-${step}`);
  }

  /**
   * Writes a checkpoint, and the metrics before it, to the disk.
   * @param facts what its state says besides the hashes
   * @param fill puts the parts of the state into the folder that it is given
   * @returns its folder
   */
  async writeCheckpoint(facts: CheckpointFacts, fill: (folder: string) => Promise<void>): Promise<string> {
    const place = this.checkpointPath(facts.step);
    const metrics = join(this.path, METRICS_FILE);
    if (await exists(metrics)) {
      await syncFile(metrics);
      // The name as well: a power cut may take a new file whose folder was not synced.
      await syncFolder(this.path);
    }
    await replaceFolder(place, async (folder) => {
      await fill(folder);
      await sealCheckpoint(folder, facts);
    });
    return place;
  }

  /**
   * The newest checkpoint whose files are all as they were written; null where the run has none yet.
   * @throws NoIntactCheckpointError where there are some and none is intact
   */
  async newestIntact(): Promise<IntactCheckpoint | null> {
    const passedOver: PassedOverCheckpoint[] = [];
    for (const step of (await this.checkpointSteps()).reverse()) {
      const path = this.checkpointPath(step);
      const found = await readCheckpoint(path, step);
      if ("state" in found) return { path, state: found.state, passedOver };
      passedOver.push({ step, path, ...found });
    }
    if (passedOver.length > 0) throw new NoIntactCheckpointError(this.path, passedOver);
    return null;
  }

  /** Removes the checkpoint of a step; its folder is there whole or not at all at any moment. */
  async removeCheckpoint(step: number): Promise<void> {
    await removeFolder(this.checkpointPath(step));
  }
}

/** A checkpoint to go on from. */
export interface IntactCheckpoint {
  /** Its folder. */
  readonly path: string;
  readonly state: CheckpointState;
  /** Newer ones that are damaged, the newest first. */
  readonly passedOver: readonly PassedOverCheckpoint[];
}

/** What a model said after a step, to each of a run's prompts. */
export interface StepSamples {
  readonly step: number;
  readonly replies: readonly string[];
  /** What was asked, and what should be said; with the first of a run's samples. */
  readonly prompts?: readonly { readonly prompt: string; readonly reference: string }[];
}

function isStepSamples(line: object): line is StepSamples {
  return (
    "replies" in line &&
    Array.isArray(line.replies) &&
    line.replies.every((reply) => typeof reply === "string")
  );
}

/** The lines of a file up to a step, parsed; a line cut short by a kill is left out. */
async function stepLines(path: string, lastStep: number): Promise<Record<string, unknown>[]> {
  if (!(await exists(path))) return [];
  const kept: Record<string, unknown>[] = [];
  for await (const lines of readLines(path)) {
    for (const { text, error } of lines) {
      const value = error === undefined ? parsed(text) : null;
      if (isRecord(value) && typeof value["step"] === "number" && value["step"] <= lastStep) kept.push(value);
    }
  }
  return kept;
}

function parsed(line: string): unknown {
  try {
    return parseJson(line);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return null;
  }
}
