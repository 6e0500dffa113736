import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  isRecord,
  type Lock,
  LOCK_NAME,
  lockWithin,
  OutputFolderError,
  phrase,
  readJsonIfThere,
  replaceFile,
  takeLock,
} from "@lathe/files";
import { expectation, RecipeError } from "../recipe-error.js";
import { checkReadsStay } from "../training/check-reads-stay.js";

/** What a simulation comes to follows from, by the names of its options; files by their hashes. */
export type SimulationSettings = Readonly<Record<string, string | number | null>>;

const SETTINGS_FILE = "simulation.json";
const LOSSES_FILE = "losses.json";

/** What a simulation writes, the file that tells it from other folders last. */
const ownEntries: readonly string[] = [
  "clients",
  "mailbox",
  "coordinator",
  "adapter",
  LOSSES_FILE,
  SETTINGS_FILE,
];

/** Largest JSON file of its own that is read, in bytes. */
const JSON_LIMIT = 1_000_000;

/** The folder of a simulation, held by this process: what it was begun with, and what was measured in its rounds. */
export class SimulationFolder {
  private constructor(
    readonly path: string,
    private readonly lock: Lock,
    /** Validation losses of the rounds that were evaluated, in order. */
    readonly losses: readonly (number | null)[],
  ) {}

  /**
   * Removes a simulation.
   * @param reads files and folders that the next one reads
   * @throws OutputFolderError where something else is there; RecipeError where it holds what is read; LockedError while it runs
   */
  static async remove(path: string, reads: readonly string[]): Promise<void> {
    const entries = await entriesOf(path);
    if (entries.length === 0) return;
    const foreign = entries.filter((entry) => !ownEntries.includes(entry));
    if (!entries.includes(SETTINGS_FILE) || foreign.length > 0) throw foreignFault(path, foreign);
    await checkReadsStay(path, reads);
    const lock = await takeLock(lockWithin(path), path);
    try {
      for (const entry of ownEntries) await rm(join(path, entry), { recursive: true, force: true });
    } finally {
      await lock.release();
    }
  }

  /**
   * Begins a simulation, or goes on with the one that is there.
   * @throws OutputFolderError where something else is there; RecipeError naming the option that is another than it was begun with;
   *   LockedError while another process runs it
   */
  static async open(path: string, settings: SimulationSettings): Promise<SimulationFolder> {
    const entries = await entriesOf(path);
    if (entries.length > 0 && !entries.includes(SETTINGS_FILE)) throw foreignFault(path, entries);
    const lock = await takeLock(lockWithin(path), path);
    try {
      const [stored, losses] = await Promise.all(
        [SETTINGS_FILE, LOSSES_FILE].map(
          async (name) => await readJsonIfThere(join(path, name), { limit: JSON_LIMIT }),
        ),
      );
      if (isRecord(stored)) checkSame(path, stored, settings);
      else await replaceFile(join(path, SETTINGS_FILE), `${JSON.stringify(settings, null, 2)}\n`);
      return new SimulationFolder(path, lock, Array.isArray(losses) ? (losses as number[]) : []);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Keeps what was measured, for when the simulation goes on. */
  async keepLosses(losses: readonly (number | null)[]): Promise<void> {
    await replaceFile(join(this.path, LOSSES_FILE), `${JSON.stringify(losses)}\n`);
  }

  /** Lets another process go on. */
  async release(): Promise<void> {
    await this.lock.release();
  }
}

/** What a folder holds but for its lock; nothing where it is not there. @throws OutputFolderError where it is a file */
async function entriesOf(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((entry) => entry !== LOCK_NAME);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") throw new OutputFolderError(path, "an output folder", "a file", "name a folder");
    throw error;
  }
}

/** Entries that a message names. */
const NAMED = 3;

function foreignFault(path: string, foreign: readonly string[]): OutputFolderError {
  return new OutputFolderError(
    path,
    "a folder that is empty, or holds a simulation and nothing else",
    foreign.length === 0
      ? phrase`one without ${SETTINGS_FILE}`
      : phrase`one that also holds ${foreign.slice(0, NAMED).join(", ")}`,
    "move it away or name another folder",
  );
}

function checkSame(
  path: string,
  begun: Readonly<Record<string, unknown>>,
  settings: SimulationSettings,
): void {
  const faults = Object.keys(settings)
    .filter((key) => settings[key] !== begun[key])
    .map((key) =>
      key === "data" || key === "validation"
        ? expectation(key, phrase`the rows that the simulation in ${path} was begun with`, "others")
        : expectation(
            key,
            phrase`${told(begun[key])}, as the simulation in ${path} was begun`,
            told(settings[key]),
          ),
    );
  if (faults.length > 0) throw new RecipeError(faults);
}

/** Characters of a setting that a message shows. */
const SHOWN = 80;

function told(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "string" ? value : JSON.stringify(value).slice(0, SHOWN);
}
