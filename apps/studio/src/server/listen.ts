import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { InputError, phrase } from "@lathe/files";
import type { Hono } from "hono";
import { allowedHosts, hostText } from "./guard.js";

/** An app that is being served. */
export interface Listening {
  /** Such as `http://127.0.0.1:4000`. */
  readonly origin: string;
  /** The port it listens on. */
  readonly taken: number;
  /** Takes no more requests, and waits for those that are on the way. */
  close(): Promise<void>;
}

/** Connections at once at most; a browser opens up to six. */
const MAXIMUM_CONNECTIONS = 1000;

/**
 * Serves an app.
 *
 * @param appOf makes the app, which is told the values of `Host` that are taken
 * @param port 0 for any that is free
 * @throws InputError when the address cannot be listened on
 */
export async function listen(
  appOf: (hosts: () => ReadonlySet<string>) => Hono,
  host: string,
  port: number,
): Promise<Listening> {
  let hosts: ReadonlySet<string> = new Set();
  const server = createAdaptorServer({
    fetch: appOf(() => hosts).fetch,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16 * 1024 },
  }) as Server;
  server.maxConnections = MAXIMUM_CONNECTIONS;
  const taken = await bind(server, host, port);
  hosts = allowedHosts(host, taken);
  const shown = ["0.0.0.0", "::"].includes(host) ? "127.0.0.1" : hostText(host);
  return {
    origin: `http://${shown}:${taken}`,
    taken,
    async close() {
      server.close();
      server.closeIdleConnections();
      await once(server, "close");
    },
  };
}

async function bind(server: Server, host: string, port: number): Promise<number> {
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
