import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isInputError, isRecord, readJsonIfThere, replaceFile, syncFolder } from "@lathe/files";
import { ResumeError } from "./resume-error.js";
import { changedSince, type RunIdentity } from "./run-identity.js";

/** The stages of a run, in their order. */
export const STAGES = ["read", "copies", "deal", "rows", "tokens"] as const;

/** Name of a stage. */
export type StageName = (typeof STAGES)[number];

const IDENTITY_FILE = "run.json";
const JSON_BYTES_LIMIT = 256 * 1024 * 1024; // the names of all input files among them

/** What a stage says when it has finished. */
interface FinishedStage<Result> {
  readonly result: Result;
  /** Bytes of every file it made. */
  readonly files: Readonly<Record<string, number>>;
}

/**
 * A hidden folder beside the output, in which every stage of a run leaves what the later ones read. A stage has finished once its
 * `<stage>.json` is there, which is written last and as a whole; a run that is killed at any moment is gone on with behind the last
 * finished one.
 */
export class WorkFolder {
  #isWorthKeeping = false;

  private constructor(readonly path: string) {}

  /** Where the folder of an output lies. */
  static placeOf(output: string): string {
    const place = resolve(output);
    return join(dirname(place), `.${basename(place)}.lathe-prepare`);
  }

  /**
   * Makes the folder; with `resume` takes what a run of the same identity left in it, else what was there goes.
   * @throws ResumeError when the run that left it was another
   */
  static async open(output: string, identity: RunIdentity, resume: boolean): Promise<WorkFolder> {
    const folder = new WorkFolder(WorkFolder.placeOf(output));
    const before = resume ? await readIfSound(folder.file(IDENTITY_FILE)) : null;
    if (before !== null) {
      const changed = changedSince(before, identity);
      if (changed !== null) throw new ResumeError(output, changed);
      return folder;
    }
    await folder.remove();
    await mkdir(folder.path);
    await syncFolder(dirname(folder.path));
    await replaceFile(folder.file(IDENTITY_FILE), `${JSON.stringify(identity)}\n`);
    return folder;
  }

  /** Removes what a run of an output left. */
  static async discard(output: string): Promise<void> {
    await new WorkFolder(WorkFolder.placeOf(output)).remove();
  }

  /** Whether a stage has finished, so that a later run can go on. */
  get isWorthKeeping(): boolean {
    return this.#isWorthKeeping;
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * What a stage made, or what it makes now.
   *
   * @param files names of the files that it makes and brings to the disk
   * @param make returns what JSON can hold
   */
  async stage<Result>(
    name: StageName,
    files: readonly string[],
    make: () => Promise<Result>,
  ): Promise<Result> {
    const finished = (await readIfSound(this.file(`${name}.json`))) as FinishedStage<Result> | null;
    if (finished !== null && (await this.#holds(finished.files))) {
      this.#isWorthKeeping = true;
      return finished.result;
    }
    for (const later of STAGES.slice(STAGES.indexOf(name)))
      await rm(this.file(`${later}.json`), { force: true });
    for (const file of files) await rm(this.file(file), { force: true });
    const made: FinishedStage<Result> = { result: await make(), files: await this.#sizes(files) };
    const text = JSON.stringify(made);
    await replaceFile(this.file(`${name}.json`), `${text}\n`);
    this.#isWorthKeeping = true;
    return (JSON.parse(text) as FinishedStage<Result>).result; // as a later run would read it
  }

  /** Moves files that the stages made into another folder of the same disk. */
  async moveTo(folder: string, files: readonly string[]): Promise<void> {
    for (const name of files) await rename(this.file(name), join(folder, name));
  }

  /** Removes the folder with all that is in it. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  async #sizes(files: readonly string[]): Promise<Record<string, number>> {
    const sizes: Record<string, number> = {};
    for (const file of files) sizes[file] = (await stat(this.file(file))).size;
    return sizes;
  }

  async #holds(files: unknown): Promise<boolean> {
    if (!isRecord(files)) return false;
    for (const [name, bytes] of Object.entries(files)) {
      const found = await stat(this.file(name)).catch(() => null);
      if (found?.size !== bytes) return false;
    }
    return true;
  }
}

/** An object that was written as JSON; null where none is, or something else. */
async function readIfSound(path: string): Promise<unknown> {
  const value = await readJsonIfThere(path, { limit: JSON_BYTES_LIMIT }).catch((error: unknown) => {
    if (!isInputError(error)) throw error;
    return null;
  });
  return isRecord(value) ? value : null;
}
