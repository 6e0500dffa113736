import { readFile, realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { asPhrase, InputError, phrase } from "@lathe/files";
import { findRuns, type FoundPage, type FoundRun, type RunPage } from "./find-runs.js";
import { RunCourse } from "./run-course.js";
import { readDetails, type RunDetails } from "./run-details.js";
import { type KnownOverview, readOverview, type RunOverview } from "./run-overview.js";

/** Largest page that is handed out, in bytes. */
const PAGE_BYTES_LIMIT = 64 * 1024 * 1024;

/** Runs whose files are looked at at once. */
const AT_ONCE = 16;

/**
 * The runs below a folder, finished, interrupted and under way, found by their own files. Whoever asks for a run or a page does so by an id
 * that was found: none is ever made into a path.
 */
export class RunsFolder {
  readonly #known = new Map<string, KnownOverview>();
  #runs = new Map<string, FoundRun>();
  #pages = new Map<string, FoundPage>();
  #isCut = false;

  private constructor(readonly path: string) {}

  /** @throws InputError where there is no folder */
  static async open(path: string): Promise<RunsFolder> {
    const found = await stat(path).catch(() => null);
    if (!found?.isDirectory()) {
      throw new InputError(
        phrase`${path}: expected a folder with runs in it, got ${asPhrase(found ? "a file" : "nothing")}`,
      );
    }
    const folder = new RunsFolder(await realpath(path));
    await folder.refresh();
    return folder;
  }

  /** Whether there are more folders than are looked through. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Looks for what has come, changed and gone. */
  async refresh(): Promise<void> {
    const { runs, pages, isCut } = await findRuns(this.path);
    const rootName = basename(this.path);
    for (let start = 0; start < runs.length; start += AT_ONCE) {
      await Promise.all(
        runs.slice(start, start + AT_ONCE).map(async (run) => {
          this.#known.set(run.id, await readOverview(run, rootName, this.#known.get(run.id) ?? null));
        }),
      );
    }
    this.#runs = new Map(runs.map((run) => [run.id, run]));
    for (const id of this.#known.keys()) if (!this.#runs.has(id)) this.#known.delete(id);
    this.#pages = new Map(pages.map((page) => [page.id, page]));
    this.#isCut = isCut;
  }

  /** All runs: those under way first, then the one that changed last. */
  runs(): RunOverview[] {
    const rank = ({ state }: RunOverview): number => (state === "running" ? 0 : 1);
    return [...this.#known.values()]
      .map(({ overview }) => overview)
      .sort((one, other) => rank(one) - rank(other) || other.changedAt - one.changedAt);
  }

  /** A run in a line; null where there is none. */
  run(id: string): RunOverview | null {
    return this.#known.get(id)?.overview ?? null;
  }

  /** The folder of a run; null where there is none. */
  folderOf(id: string): string | null {
    return this.#runs.get(id)?.folder ?? null;
  }

  /** All pages that verbs wrote. */
  pages(): RunPage[] {
    return [...this.#pages.values()].map(({ id, kind }) => ({ id, kind }));
  }

  /** What a run says of itself; null where there is none. */
  async details(id: string): Promise<RunDetails | null> {
    const folder = this.folderOf(id);
    return folder === null ? null : await readDetails(folder);
  }

  /** The metrics of a run, to be read as they grow; null where there is none. */
  course(id: string): RunCourse | null {
    const folder = this.folderOf(id);
    return folder === null ? null : new RunCourse(folder);
  }

  /** A page as it is on the disk; null where there is none, or none that may be handed out. */
  async readPage(id: string): Promise<Buffer | null> {
    const page = this.#pages.get(id);
    if (page === undefined) return null;
    try {
      // What was a file when it was found may be a link to elsewhere by now.
      const place = await realpath(page.file);
      if (place !== page.file) return null;
      const { size } = await stat(place);
      return size > PAGE_BYTES_LIMIT ? null : await readFile(place);
    } catch {
      return null;
    }
  }
}
