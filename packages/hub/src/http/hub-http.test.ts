/** Sending to a server that takes its time. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { HubHttp } from "./hub-http.js";
import { RetryableError } from "./retryable.js";

const SILENCE_MS = 400;

async function serving(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<{
  readonly http: HubHttp;
  readonly origin: string;
}> {
  const server = createServer((request, response) => void answer(request, response).catch(() => undefined));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proxies = { http: undefined, https: undefined, none: undefined };
  const http = new HubHttp({ proxies, origin, token: null, silenceMs: SILENCE_MS });
  onTestFinished(async () => {
    await http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { http, origin };
}

it("sends for longer than it bears silence, as long as the other side takes it", async () => {
  const body = Buffer.alloc(24_000_000, "lathe");
  const { http, origin } = await serving(async (request, response) => {
    let size = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length;
      // Some 1.2 s in all, in pauses that are each far below the limit.
      if (size % 1_000_000 < piece.length) await sleep(50);
    }
    response.end(JSON.stringify({ size, length: request.headers["content-length"] }));
  });
  const answer = await http.open(origin, { method: "PUT", body });
  expect(JSON.parse(await http.text(answer))).toEqual({ size: body.length, length: String(body.length) });
});

it("gives up a server that takes nothing", async () => {
  const { http, origin } = await serving(async (request) => {
    request.pause();
    await sleep(60_000, undefined, { ref: false });
  });
  const sent = http.open(origin, { method: "PUT", body: Buffer.alloc(24_000_000) });
  await expect(sent).rejects.toThrow(RetryableError);
});
