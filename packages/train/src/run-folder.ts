import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { RunFolderError } from "./errors.js";

const CONFIG_FILE = "config.json";
const METRICS_FILE = "metrics.jsonl";
const CHECKPOINTS_FOLDER = "checkpoints";
const STATE_FILE = "state.json";
const STATE_VERSION = 1;

/** What a checkpoint says of itself; everything random follows from seed and step. */
export interface CheckpointState {
  readonly version: number;
  /** Optimiser steps done. */
  readonly step: number;
  /** What must be the same for a resumed run to give the same bits, e.g. seed, batch size, a hash of the rows. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** SHA-256 of every other file of the checkpoint, by path within it. */
  readonly files: Readonly<Record<string, string>>;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

/** Names in a folder; none where there is no folder. */
async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new RunFolderError(path, `expected a folder or a free place (${message})`, { cause: error });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const nested = await Promise.all(
    entries.map(async (entry) =>
      entry.isDirectory() ? await filesBelow(folder, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
    ),
  );
  return nested.flat().sort();
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Fills a folder beside its place and renames it there, so that the place holds all of it or nothing.
 * @throws what `fill` throws; nothing is left behind then
 */
export async function writeFolder(place: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const beside = `${place}.partial-${process.pid}`;
  await rm(beside, { recursive: true, force: true });
  try {
    await mkdir(beside, { recursive: true });
    await fill(beside);
    for (const file of await filesBelow(beside)) await sync(join(beside, file));
    await rm(place, { recursive: true, force: true });
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}

/**
 * A run on disk: `config.json`, `metrics.jsonl` (a line an optimiser step), `checkpoints/step-N/`, `adapter/`.
 */
export class RunFolder {
  private constructor(readonly path: string) {}

  /**
   * Makes the folder of a new run.
   * @param options.overwrite removes an earlier run there; a folder that is no run is never removed
   * @throws RunFolderError if something is there already
   */
  static async create(path: string, options: { readonly overwrite?: boolean } = {}): Promise<RunFolder> {
    await RunFolder.checkFree(path, options);
    await rm(path, { recursive: true, force: true });
    await mkdir(join(path, CHECKPOINTS_FOLDER), { recursive: true });
    return new RunFolder(resolve(path));
  }

  /** What {@link RunFolder.create} would refuse, refused before any work. @throws RunFolderError */
  static async checkFree(
    path: string,
    { overwrite = false }: { readonly overwrite?: boolean } = {},
  ): Promise<void> {
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
  }

  /** Opens the folder of a run that was begun before. @throws RunFolderError if there is none */
  static async open(path: string): Promise<RunFolder> {
    if (!(await exists(join(path, CHECKPOINTS_FOLDER)))) {
      throw new RunFolderError(path, "holds no run to resume");
    }
    return new RunFolder(resolve(path));
  }

  /** Where the finished adapter lies. */
  get adapterPath(): string {
    return join(this.path, "adapter");
  }

  /** Writes the resolved settings of the run. */
  async writeConfig(config: unknown): Promise<void> {
    await writeFile(join(this.path, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
  }

  /** Writes another JSON file into the run, e.g. `report.json`. */
  async writeJson(name: string, value: unknown): Promise<void> {
    await writeFile(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Appends a line to `metrics.jsonl`. */
  async appendMetrics(metrics: object): Promise<void> {
    await appendFile(join(this.path, METRICS_FILE), `${JSON.stringify(metrics)}\n`);
  }

  /** Drops the lines after a step: a resumed run writes them again. */
  async truncateMetrics(step: number): Promise<void> {
    const path = join(this.path, METRICS_FILE);
    if (!(await exists(path))) return;
    const kept = (await readFile(path, "utf8")).split("\n").filter((line) => {
      try {
        return (JSON.parse(line) as { step: number }).step <= step;
      } catch {
        return false; // a line cut short by a kill
      }
    });
    const beside = `${path}.partial`;
    await writeFile(beside, kept.map((line) => `${line}\n`).join(""));
    await rename(beside, path);
  }

  /** Steps that have a checkpoint, ascending. */
  async checkpointSteps(): Promise<number[]> {
    const names = await readdir(join(this.path, CHECKPOINTS_FOLDER)).catch(() => []);
    return names
      .flatMap((name) => /^step-(\d+)$/.exec(name)?.slice(1, 2).map(Number) ?? [])
      .sort((a, b) => a - b);
  }

  /** Folder of a step's checkpoint. */
  checkpointPath(step: number): string {
    return join(this.path, CHECKPOINTS_FOLDER, `step-${step}`);
  }

  /** Writes a checkpoint: what `fill` puts into the folder, its hashes and the state. */
  async writeCheckpoint(
    step: number,
    identity: CheckpointState["identity"],
    fill: (folder: string) => Promise<void>,
  ): Promise<string> {
    const place = this.checkpointPath(step);
    await writeFolder(place, async (folder) => {
      await fill(folder);
      const files: Record<string, string> = {};
      for (const file of await filesBelow(folder)) files[file] = await sha256(join(folder, file));
      const state: CheckpointState = { version: STATE_VERSION, step, identity, files };
      await writeFile(join(folder, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`);
    });
    return place;
  }

  /**
   * Reads the state of a checkpoint and checks its files and that it belongs to the same run.
   * @throws RunFolderError
   */
  async readCheckpoint(step: number, identity: CheckpointState["identity"]): Promise<CheckpointState> {
    const folder = this.checkpointPath(step);
    const statePath = join(folder, STATE_FILE);
    let state: CheckpointState;
    try {
      state = JSON.parse(await readFile(statePath, "utf8")) as CheckpointState;
    } catch (error) {
      throw new RunFolderError(statePath, `cannot be read (${(error as Error).message})`, { cause: error });
    }
    if (state.version !== STATE_VERSION) {
      throw new RunFolderError(statePath, `expected version ${STATE_VERSION}, got ${String(state.version)}`);
    }
    for (const [file, expected] of Object.entries(state.files)) {
      const actual = await sha256(join(folder, file)).catch(() => "no such file");
      if (actual !== expected) {
        throw new RunFolderError(join(folder, file), "is damaged (its hash differs); remove this checkpoint");
      }
    }
    for (const [key, value] of Object.entries(identity)) {
      if (JSON.stringify(state.identity[key]) !== JSON.stringify(value)) {
        throw new RunFolderError(
          folder,
          `was written with ${key} ${JSON.stringify(state.identity[key])}, this run has ${JSON.stringify(value)}; ` +
            "resume with the same settings and data",
        );
      }
    }
    return state;
  }
}
