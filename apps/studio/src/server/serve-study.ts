import type { Member, Study } from "@lathe/annotate";
import type { Translations } from "@lathe/files";
import { listen } from "./listen.js";
import { readPageFiles } from "./page-files.js";
import { Speaker } from "./speaker.js";
import { studyApp } from "./study-app.js";

/** Where a study is served. */
export interface ServeStudyOptions {
  /** Address to listen on. @defaultValue 127.0.0.1, which other machines cannot reach */
  readonly host?: string | undefined;
  /** @defaultValue the one of the last time, so that links stay the same; a free one the first time */
  readonly port?: number | undefined;
  /** What stands for sentences on a Chinese page, by the English. @defaultValue none: they stay English there */
  readonly translations?: Translations | undefined;
}

/** A link for one person. Its secret is behind the `#`, which a browser sends to no server. */
export interface MemberLink extends Member {
  readonly link: string;
}

/** A study that is being served. */
export interface ServedStudy {
  readonly links: readonly MemberLink[];
  /** Takes no more requests, and waits for those that are on the way. The study stays open. */
  close(): Promise<void>;
}

/**
 * Serves a study to its members.
 *
 * @throws InputError when the address cannot be listened on
 */
export async function serveStudy(
  study: Study,
  { host = "127.0.0.1", port, translations }: ServeStudyOptions = {},
): Promise<ServedStudy> {
  const { origin, taken, close } = await listen(
    (hosts) => studyApp({ study, page: readPageFiles("studio"), speaker: new Speaker(translations), hosts }),
    host,
    port ?? study.port ?? 0,
  );
  study.rememberPort(taken);
  return {
    links: study
      .members()
      .flatMap(({ secret, ...member }) =>
        secret === null ? [] : [{ ...member, link: `${origin}/#${secret}` }],
      ),
    close,
  };
}
