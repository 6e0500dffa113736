import type { CurvePlace, RunCourse, RunOverview, RunsFolder } from "@lathe/report";
import type { LinkedPage, LiveEvents } from "../runs-api.js";

/** Milliseconds for which what was found in the folder is new enough. */
const FOLDER_AGE = 2000;

/** Milliseconds for which what was read of a run's metrics is new enough. */
const METRICS_AGE = 700;

/** Something to tell. */
export type LiveEvent = {
  readonly [Name in keyof LiveEvents]: { readonly name: Name; readonly data: LiveEvents[Name] };
}[keyof LiveEvents];

/** A run's metrics as someone who watches knows them. */
interface KnownCourse {
  readonly resets: number;
  readonly place: CurvePlace;
  readonly version: string;
}

/** A run that is watched, by how many. */
interface SharedCourse {
  readonly course: RunCourse;
  watchers: number;
  readAt: number;
  reading: Promise<boolean> | null;
}

/** What someone knows of the runs, and what they are told next. */
export interface LiveWatch {
  /** What has changed since the last time. @returns whether there is more to read at once */
  next(): Promise<{ readonly events: readonly LiveEvent[]; readonly hasMore: boolean }>;
  /** To be called when nobody watches any longer. */
  close(): void;
}

/** Watches a folder of runs for any number of pages; each file is read once for all of them, and none while nobody watches. */
export class LiveRuns {
  readonly #courses = new Map<string, SharedCourse>();
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | null = null;

  constructor(
    readonly folder: RunsFolder,
    /** The address of a page. */
    private readonly linkOf: (page: string) => string,
  ) {}

  /** Runs whose metrics are held. */
  get held(): number {
    return this.#courses.size;
  }

  /** Looks for what has come and gone, unless that was done just now. */
  async refresh(): Promise<void> {
    if (performance.now() - this.#refreshedAt < FOLDER_AGE) return;
    this.#refreshing ??= this.folder.refresh().finally(() => {
      this.#refreshing = null;
      this.#refreshedAt = performance.now();
    });
    await this.#refreshing;
  }

  /** Begins to watch all runs, and the metrics of some. */
  watch(ids: readonly string[]): LiveWatch {
    const watched = [...new Set(ids)];
    const held = new Map<string, SharedCourse>();
    const known = new Map<string, KnownCourse>();
    let list: ReadonlyMap<string, RunOverview> | null = null;
    let pages = "";
    const runsEvent = (): LiveEvent | null => {
      const now = new Map(this.folder.runs().map((run) => [run.id, run]));
      const linked = this.folder
        .pages()
        .map(({ id, kind }): LinkedPage => ({ id, kind, link: this.linkOf(id) }));
      // What has not changed is the very object that it was.
      const changed = [...now.values()].filter((run) => list?.get(run.id) !== run);
      const gone = [...(list?.keys() ?? [])].filter((id) => !now.has(id));
      const pagesNow = JSON.stringify(linked);
      const isWhole = list === null;
      if (!isWhole && changed.length === 0 && gone.length === 0 && pages === pagesNow) return null;
      list = now;
      pages = pagesNow;
      const { path: folder, isCut } = this.folder;
      return { name: "runs", data: { folder, isWhole, changed, gone, pages: linked, isCut } };
    };
    return {
      next: async () => {
        await this.refresh();
        const events = [runsEvent()].filter((event) => event !== null);
        let hasMore = false;
        for (const id of watched) {
          if (!held.has(id)) {
            const shared = this.#hold(id);
            if (shared !== null) held.set(id, shared);
          }
          const shared = held.get(id);
          if (shared === undefined) continue;
          hasMore = (await readOn(shared)) || hasMore;
          const { event, knows } = curveEvent(id, shared.course, known.get(id) ?? null);
          known.set(id, knows);
          if (event !== null) events.push(event);
        }
        return { events, hasMore };
      },
      close: () => {
        for (const [id, shared] of held) this.#release(id, shared);
        held.clear();
      },
    };
  }

  #hold(id: string): SharedCourse | null {
    const found = this.#courses.get(id);
    if (found !== undefined) {
      found.watchers++;
      return found;
    }
    const course = this.folder.course(id);
    if (course === null) return null;
    const shared: SharedCourse = { course, watchers: 1, readAt: Number.NEGATIVE_INFINITY, reading: null };
    this.#courses.set(id, shared);
    return shared;
  }

  #release(id: string, shared: SharedCourse): void {
    if (--shared.watchers === 0) this.#courses.delete(id);
  }
}

/** Reads what has come, unless that was done just now. A file that cannot be read says so in the list of runs. */
async function readOn(shared: SharedCourse): Promise<boolean> {
  if (performance.now() - shared.readAt < METRICS_AGE) return false;
  shared.reading ??= shared.course
    .read()
    .catch(() => false)
    .then((hasMore) => {
      shared.reading = null;
      if (!hasMore) shared.readAt = performance.now();
      return hasMore;
    });
  return await shared.reading;
}

function curveEvent(
  run: string,
  course: RunCourse,
  known: KnownCourse | null,
): { readonly event: LiveEvent | null; readonly knows: KnownCourse } {
  const { resets, badLines, lines } = course;
  const version = `${resets} ${lines} ${badLines}`;
  if (known?.version === version) return { event: null, knows: known };
  const { from, points, place } = course.curve.since(known?.resets === resets ? known.place : null);
  return {
    event: { name: "curve", data: { run, from, points, totals: course.totals(), badLines } },
    knows: { resets, place, version },
  };
}
