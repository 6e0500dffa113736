import type { Server } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds between two looks at what a client has taken. */
const LOOK_MS = 20;

/** When connections of a server are given up whose other end takes nothing of an answer. */
export interface ConnectionLimits {
  /** Milliseconds that nothing may come or go while the server is open, for as long as it may think about an answer. */
  readonly idleMs: number;
  /** Milliseconds that nothing may come or go once the server is closing and all answers are there. */
  readonly closingMs: number;
}

/** The connections of a server, of which none stays for ever. */
export class Connections {
  readonly #server: Server;
  readonly #limits: ConnectionLimits;
  readonly #open = new Set<Socket>();

  /** @param server that does not listen yet */
  constructor(server: Server, limits: ConnectionLimits) {
    this.#server = server;
    this.#limits = limits;
    server.timeout = limits.idleMs;
    server.on("connection", (connection: Socket) => {
      this.#open.add(connection);
      connection.once("close", () => this.#open.delete(connection));
    });
  }

  /** Takes no more connections, and waits for those with an answer under way as long as their clients take some of it. */
  async close(): Promise<void> {
    for (const connection of this.#open) connection.setTimeout(this.#limits.closingMs);
    // Node takes an answer for an end that it has in a buffer of its own, and would cut it.
    await Promise.all(Array.from(this.#open, taken));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    await closed;
  }
}

/** Waits until the system has all that was written to a connection, or it is closed. */
async function taken(connection: Socket): Promise<void> {
  while (!connection.destroyed && connection.writableLength > 0) await delay(LOOK_MS);
}
