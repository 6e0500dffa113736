import { appendFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  asFileError,
  checkWritable,
  filesBelow,
  hashFile,
  isOnTheWay,
  isRecord,
  JsonError,
  makeFolder,
  parseJson,
  readJsonFile,
  readLines,
  replaceFile,
  replaceFolder,
  sweepLeftovers,
  syncFile,
} from "@lathe/files";
import { RunFolderError } from "./errors.js";
import { identityFault, type RunIdentity } from "./run-identity.js";
import { checkRunUnlocked, lockRun, type RunLock } from "./run-lock.js";

const CONFIG_FILE = "config.json";
const METRICS_FILE = "metrics.jsonl";
const CHECKPOINTS_FOLDER = "checkpoints";
const STATE_FILE = "state.json";
const STATE_VERSION = 1;

/** Largest state of a checkpoint that is read, in bytes; it has a hash a file. */
const STATE_BYTES_LIMIT = 10_000_000;

const STEP_FOLDER = /^step-(\d+)$/;

/** What a run writes; nothing else is ever removed. */
const ownEntries: readonly string[] = [
  CONFIG_FILE,
  METRICS_FILE,
  CHECKPOINTS_FOLDER,
  "adapter",
  "model",
  "report.json",
  "rejected.jsonl",
];

/** What a checkpoint says of itself; everything random follows from seed and step. */
export interface CheckpointState {
  readonly version: number;
  /** Optimiser steps done. */
  readonly step: number;
  /** What must be the same for a resumed run to give the same bits, e.g. seed, batch size, a hash of the rows. */
  readonly identity: RunIdentity;
  /** SHA-256 of every other file of the checkpoint, by path within it. */
  readonly files: Readonly<Record<string, string>>;
}

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
    throw new RunFolderError(path, `expected a folder or a free place (${message})`, { cause: error });
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
    if (entries.length === 0) return;
    if (!overwrite) {
      throw new RunFolderError(
        path,
        "exists already; choose another output, resume the run, or overwrite it",
      );
    }
    if (!entries.includes(CHECKPOINTS_FOLDER)) {
      throw new RunFolderError(
        path,
        `is not a run (no ${CHECKPOINTS_FOLDER} folder), so it is not overwritten`,
      );
    }
    const checkpoints = await entriesOf(join(path, CHECKPOINTS_FOLDER));
    const foreign = [
      ...entries.filter((entry) => !ownEntries.includes(entry)),
      ...checkpoints
        .filter((entry) => !STEP_FOLDER.test(entry))
        .map((entry) => `${CHECKPOINTS_FOLDER}/${entry}`),
    ];
    if (foreign.length > 0) {
      const shown =
        foreign.slice(0, 3).join(", ") + (foreign.length > 3 ? ` and ${foreign.length - 3} more` : "");
      throw new RunFolderError(
        path,
        `is not overwritten, as it also holds what no run writes: ${shown}; move that away or choose another output`,
      );
    }
  }

  /**
   * Opens the folder of a run that was begun before, and clears away what killed processes left half written.
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

  /** Writes the resolved settings of the run. */
  async writeConfig(config: unknown): Promise<void> {
    await replaceFile(join(this.path, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
  }

  /** Writes a JSON file into the run. */
  async writeJson(name: "report.json", value: unknown): Promise<void> {
    await replaceFile(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Appends a line to `metrics.jsonl`. */
  async appendMetrics(metrics: object): Promise<void> {
    const path = join(this.path, METRICS_FILE);
    await appendFile(path, `${JSON.stringify(metrics)}\n`).catch((error: unknown) => {
      throw asFileError(path, "written", error);
    });
  }

  /** The lines of `metrics.jsonl` up to a step, parsed; a line cut short by a kill is left out. */
  async readMetrics(lastStep: number): Promise<Record<string, unknown>[]> {
    const path = join(this.path, METRICS_FILE);
    if (!(await exists(path))) return [];
    const metrics: Record<string, unknown>[] = [];
    for await (const lines of readLines(path)) {
      for (const { text, error } of lines) {
        const value = error === undefined ? parsed(text) : null;
        if (isRecord(value) && typeof value["step"] === "number" && value["step"] <= lastStep) {
          metrics.push(value);
        }
      }
    }
    return metrics;
  }

  /** Drops the lines after a step: a resumed run writes them again. */
  async truncateMetrics(step: number): Promise<void> {
    const path = join(this.path, METRICS_FILE);
    if (!(await exists(path))) return;
    const kept = await this.readMetrics(step);
    await replaceFile(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** Steps that have a checkpoint, ascending. */
  async checkpointSteps(): Promise<number[]> {
    const names = await readdir(join(this.path, CHECKPOINTS_FOLDER)).catch(() => []);
    return names
      .flatMap((name) => STEP_FOLDER.exec(name)?.slice(1, 2).map(Number) ?? [])
      .sort((a, b) => a - b);
  }

  /** Folder of a step's checkpoint. */
  checkpointPath(step: number): string {
    return join(this.path, CHECKPOINTS_FOLDER, `step-${step}`);
  }

  /** Writes a checkpoint, and the metrics before it to the disk: what `fill` puts into the folder, its hashes and the state. */
  async writeCheckpoint(
    step: number,
    identity: CheckpointState["identity"],
    fill: (folder: string) => Promise<void>,
  ): Promise<string> {
    const place = this.checkpointPath(step);
    const metrics = join(this.path, METRICS_FILE);
    if (await exists(metrics)) await syncFile(metrics);
    await replaceFolder(place, async (folder) => {
      await fill(folder);
      const files: Record<string, string> = {};
      for (const file of await filesBelow(folder)) files[file] = (await hashFile(join(folder, file))).sha256;
      const state: CheckpointState = { version: STATE_VERSION, step, identity, files };
      await writeFile(join(folder, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`);
    });
    return place;
  }

  /**
   * Reads the state of a checkpoint and checks its files and that it belongs to the same run.
   * @param required files that it must have
   * @throws RunFolderError
   */
  async readCheckpoint(
    step: number,
    identity: CheckpointState["identity"],
    required: readonly string[] = [],
  ): Promise<CheckpointState> {
    const folder = this.checkpointPath(step);
    const statePath = join(folder, STATE_FILE);
    const value = await readJsonFile(statePath, {
      limit: STATE_BYTES_LIMIT,
      makeFault: (expected, actual, cause) =>
        new RunFolderError(statePath, `cannot be read: expected ${expected}, got ${actual}; ${REMOVE_IT}`, {
          cause,
        }),
    });
    const state = checkedState(value, step, statePath);
    const present = (await filesBelow(folder)).filter((file) => file !== STATE_FILE);
    const unlisted = [...required, ...present.filter((file) => !/(^|\/)\./.test(file))].find(
      (file) => !Object.hasOwn(state.files, file),
    );
    if (unlisted !== undefined) {
      throw new RunFolderError(statePath, `expected the hash of ${unlisted}, got none; ${REMOVE_IT}`);
    }
    for (const [file, expected] of Object.entries(state.files)) {
      const path = join(folder, file);
      if (!present.includes(file)) throw new RunFolderError(path, `is missing; ${REMOVE_IT}`);
      if ((await hashFile(path)).sha256 !== expected) {
        throw new RunFolderError(path, `is damaged (its hash differs); ${REMOVE_IT}`);
      }
    }
    const fault = identityFault(state.identity, identity);
    if (fault !== null) throw new RunFolderError(folder, fault);
    return state;
  }
}

const REMOVE_IT = "remove this checkpoint to resume from the one before";

function parsed(line: string): unknown {
  try {
    return parseJson(line);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return null;
  }
}

function checkedState(value: unknown, step: number, path: string): CheckpointState {
  const refuse = (expected: string, actual: unknown): never => {
    throw new RunFolderError(
      path,
      `expected ${expected}, got ${JSON.stringify(actual) ?? "nothing"}; ${REMOVE_IT}`,
    );
  };
  if (!isRecord(value)) return refuse("an object", value);
  const { version, identity, files } = value;
  if (version !== STATE_VERSION) return refuse(`version ${STATE_VERSION}`, version);
  if (value["step"] !== step) return refuse(`step ${step}, as its folder says`, value["step"]);
  if (!isRecord(identity)) return refuse("an object as identity", identity);
  if (!isRecord(files)) return refuse("an object as files", files);
  return { version, step, identity, files: files as Record<string, string> };
}
