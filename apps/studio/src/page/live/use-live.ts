import { useEffect, useState } from "preact/hooks";
import type { FaultReply } from "../../api.js";
import type { LiveEvents } from "../../runs-api.js";
import { connectionOr } from "../connection-or.js";
import { requestHeaders } from "../request-headers.js";
import { type LiveState, withEvent } from "./live-state.js";
import { serverEvents } from "./server-events.js";

/** How it stands with the server. */
export type Connection =
  | { readonly name: "connecting" | "open" | "lost" }
  | { readonly name: "refused"; readonly status: number; readonly reason: string };

/** Milliseconds between tries to connect. */
const WAITS = [500, 1000, 2000, 4000];

/** Milliseconds without a sign of life after which a connection is taken for lost; the server gives one every ten seconds. */
const PATIENCE = 25_000;

/** What the server tells of the runs as it comes, again where the connection was lost. @param watched runs whose metrics are wanted */
export function useLive(
  secret: string,
  watched: readonly string[],
): { readonly state: LiveState | null; readonly connection: Connection } {
  const [state, setState] = useState<LiveState | null>(null);
  const [connection, setConnection] = useState<Connection>({ name: "connecting" });
  const query = watched.map((id) => `run=${encodeURIComponent(id)}`).join("&");
  useEffect(() => {
    const leaving = new AbortController();
    void (async () => {
      for (let attempt = 0; !leaving.signal.aborted; attempt++) {
        const refused = await listen(secret, query, leaving.signal, (name, data) => {
          attempt = 0;
          setConnection((before) => (before.name === "open" ? before : { name: "open" }));
          setState((before) => withEvent(before, name, data));
        });
        if (leaving.signal.aborted) return;
        setConnection(refused ?? { name: "lost" });
        if (refused !== null) return;
        await connectionOr(WAITS[Math.min(attempt, WAITS.length - 1)]);
      }
    })();
    return () => leaving.abort();
  }, [secret, query]);
  return { state, connection };
}

/** Listens until the connection ends. @returns why the server will not have it; null where it may be tried again */
async function listen(
  secret: string,
  query: string,
  leaving: AbortSignal,
  onEvent: (name: keyof LiveEvents, data: LiveEvents[keyof LiveEvents]) => void,
): Promise<Connection | null> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), PATIENCE);
  const onSign = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), PATIENCE);
  };
  try {
    const response = await fetch(`/api/live?${query}`, {
      headers: requestHeaders(secret),
      signal: AbortSignal.any([leaving, silence.signal]),
    });
    if (!response.ok) {
      if (response.status >= 500) return null;
      const { error } = (await response.json()) as FaultReply;
      return { name: "refused", status: response.status, reason: error.message };
    }
    for await (const { name, data } of serverEvents(response.body!, onSign)) {
      onEvent(name as keyof LiveEvents, JSON.parse(data) as LiveEvents[keyof LiveEvents]);
    }
    return null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
