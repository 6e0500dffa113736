import type { Translations } from "@lathe/files";
import { RunsFolder } from "@lathe/report";
import type { RunChatOptions } from "@lathe/recipes";
import { ChatDesk } from "./chat-desk.js";
import { listen } from "./listen.js";
import { LiveRuns } from "./live-runs.js";
import { readPageFiles } from "./page-files.js";
import { pageLink, runsApp } from "./runs-app.js";
import { Speaker } from "./speaker.js";
import { StudioKey } from "./studio-key.js";

/** How a folder of runs is served. */
export interface ServeRunsOptions extends RunChatOptions {
  /** Address to listen on. @defaultValue 127.0.0.1, which other machines cannot reach */
  readonly host?: string | undefined;
  /** @defaultValue the one of the last time, so that an open page goes on; a free one the first time, or where that is taken */
  readonly port?: number | undefined;
  /** What stands for sentences on a Chinese page, by the English. @defaultValue none: they stay English there */
  readonly translations?: Translations | undefined;
}

/** A folder of runs that is being served. */
export interface ServedRuns {
  /** For whoever may see the runs. Its secret is behind the `#`, which a browser sends to no server. */
  readonly link: string;
  /** Ends all streams, takes no more requests, and frees the model. */
  close(): Promise<void>;
}

/**
 * Serves a page that shows the runs below a folder as they go on, compares them, and talks to their models.
 *
 * @throws InputError where there is no folder, and when the address cannot be listened on
 */
export async function serveRuns(
  path: string,
  { host = "127.0.0.1", port, translations, ...chat }: ServeRunsOptions = {},
): Promise<ServedRuns> {
  const folder = await RunsFolder.open(path);
  const key = await StudioKey.of(folder.path);
  const ending = new AbortController();
  const desk = new ChatDesk(chat);
  const live = new LiveRuns(folder, (id) => pageLink(key, id));
  const page = readPageFiles("runs");
  const speaker = new Speaker(translations);
  const at = (place: number): ReturnType<typeof listen> =>
    listen(
      (hosts) => runsApp({ folder, live, desk, key, page, speaker, hosts, signal: ending.signal }),
      host,
      place,
    );
  const { origin, taken, close } = await (port === undefined && key.port !== null
    ? at(key.port).catch(() => at(0))
    : at(port ?? 0));
  await key.keep(folder.path, taken);
  return {
    link: `${origin}/#${key.secret}`,
    async close() {
      ending.abort();
      await close();
      await desk.dispose();
    },
  };
}
