import {
  hashFile,
  isInputError,
  isRecord,
  OutputFolderError,
  phrase,
  readJsonIfThere,
  replaceFile,
  syncFolder,
} from "@lathe/files";
import { link, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** What shards are made of: only a run of the same goes on with them. */
export interface ShardSource {
  readonly format: string;
  /** A digest of everything else that their bytes follow from. */
  readonly weights: string;
}

const SOURCE_FILE = "run.json";
const JSON_BYTES_LIMIT = 10_000;

/**
 * A hidden folder beside the output, in which shards wait until all are there. A shard has finished once its length and
 * hash stand beside it, which are written last; a run that is killed at any moment is gone on with behind it.
 */
export class ShardFolder {
  #isWorthKeeping = false;

  private constructor(readonly path: string) {}

  /**
   * Makes the folder; with `resume` takes what a run of the same source left in it, else what was there goes.
   * @throws OutputFolderError when what was left is of another source
   */
  static async open(output: string, source: ShardSource, resume: boolean): Promise<ShardFolder> {
    const folder = new ShardFolder(placeOf(output));
    const before = resume ? await readIfSound(join(folder.path, SOURCE_FILE)) : null;
    if (before !== null) {
      const isOtherFormat = before["format"] !== source.format;
      if (!isOtherFormat && before["weights"] === source.weights) return folder;
      throw new OutputFolderError(
        output,
        "to go on with the same weights and format",
        isOtherFormat
          ? phrase`an interrupted run of format ${String(before["format"])}`
          : "one of other weights",
        "run it without resuming to begin anew",
      );
    }
    await ShardFolder.discard(output);
    await mkdir(folder.path);
    await syncFolder(dirname(folder.path));
    await replaceFile(join(folder.path, SOURCE_FILE), `${JSON.stringify(source)}\n`);
    return folder;
  }

  /** Removes what a run of an output left. */
  static async discard(output: string): Promise<void> {
    await rm(placeOf(output), { recursive: true, force: true });
  }

  /** Whether a shard has finished, so that a later run can go on. */
  get isWorthKeeping(): boolean {
    return this.#isWorthKeeping;
  }

  /**
   * A shard that has finished, or makes it now.
   * @param make writes it to the path it is given, as a whole and synced
   * @returns whether it was there
   */
  async shard(name: string, make: (path: string) => Promise<void>): Promise<boolean> {
    const path = join(this.path, name);
    const note = `${path}.json`;
    const before = await readIfSound(note);
    const isKept = before !== null && (await holds(path, before));
    if (!isKept) {
      await rm(note, { force: true });
      await make(path);
      await replaceFile(note, `${JSON.stringify(await hashFile(path))}\n`);
    }
    this.#isWorthKeeping = true;
    return isKept;
  }

  /** Puts a shard into another folder of the same disk; where files can have two names, it stays here too. */
  async place(name: string, folder: string): Promise<void> {
    const [from, to] = [join(this.path, name), join(folder, name)];
    await link(from, to).catch(async () => {
      await rename(from, to);
    });
  }
}

function placeOf(output: string): string {
  const place = resolve(output);
  return join(dirname(place), `.${basename(place)}.lathe-quantize`);
}

async function holds(path: string, { bytes, sha256 }: Readonly<Record<string, unknown>>): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  // A length costs nothing to look at.
  return found?.size === bytes && (await hashFile(path)).sha256 === sha256;
}

/** A JSON object, or null where there is none that can be read: what a run left is then made anew. */
async function readIfSound(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  const json = await readJsonIfThere(path, { limit: JSON_BYTES_LIMIT }).catch((error: unknown) => {
    if (!isInputError(error)) throw error;
    return null;
  });
  return isRecord(json) ? json : null;
}
