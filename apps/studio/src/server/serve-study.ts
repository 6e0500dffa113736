import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Member, Study } from "@lathe/annotate";
import { InputError, phrase } from "@lathe/files";
import { createAdaptorServer } from "@hono/node-server";
import { allowedHosts, hostText } from "./guard.js";
import { readPageFiles } from "./page-files.js";
import { studyApp } from "./study-app.js";

/** Where a study is served. */
export interface ServeStudyOptions {
  /** Address to listen on. @defaultValue 127.0.0.1, which other machines cannot reach */
  readonly host?: string | undefined;
  /** @defaultValue the one of the last time, so that links stay the same; a free one the first time */
  readonly port?: number | undefined;
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

/** Connections at once at most; a browser opens up to six. */
const MAXIMUM_CONNECTIONS = 1000;

/**
 * Serves a study to its members.
 *
 * @throws InputError when the address cannot be listened on
 */
export async function serveStudy(
  study: Study,
  { host = "127.0.0.1", port }: ServeStudyOptions = {},
): Promise<ServedStudy> {
  let hosts: ReadonlySet<string> = new Set();
  const app = studyApp({ study, page: readPageFiles(), hosts: () => hosts });
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16 * 1024 },
  }) as Server;
  server.maxConnections = MAXIMUM_CONNECTIONS;
  const taken = await listen(server, host, port ?? study.port ?? 0);
  hosts = allowedHosts(host, taken);
  study.rememberPort(taken);
  const shown = ["0.0.0.0", "::"].includes(host) ? "127.0.0.1" : hostText(host);
  return {
    links: study
      .members()
      .flatMap(({ secret, ...member }) =>
        secret === null ? [] : [{ ...member, link: `http://${shown}:${taken}/#${secret}` }],
      ),
    async close() {
      server.close();
      server.closeIdleConnections();
      await once(server, "close");
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new InputError(
      code === "EADDRINUSE"
        ? phrase`port ${port} of ${host} is taken by another program; end it, or choose another port`
        : phrase`cannot listen on port ${port} of ${host}: ${code}`,
      { cause },
    );
  }
  return (server.address() as AddressInfo).port;
}
