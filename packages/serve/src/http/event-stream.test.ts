import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { expect, it } from "vitest";
import { ApiError } from "../openai/api-error.js";
import { eventStream } from "./event-stream.js";

const failed = (error: unknown): ApiError =>
  new ApiError((error as Error).message, { status: 500, type: "server_error" });

async function textsOf(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const bytes of stream) texts.push(new TextDecoder().decode(bytes));
  return texts;
}

it("writes what came together at once, and an error at the end", async () => {
  async function* chunks(fault: Error | null): AsyncGenerator<readonly object[], void, undefined> {
    yield [{ a: 1 }, { b: "\n" }];
    await Promise.resolve();
    if (fault) throw fault;
    yield [{ c: 3 }];
  }
  const whole = await textsOf(eventStream(chunks(null), failed));
  expect(whole).toEqual(['data: {"a":1}\n\ndata: {"b":"\\n"}\n\n', 'data: {"c":3}\n\n', "data: [DONE]\n\n"]);
  const cut = await textsOf(eventStream(chunks(new Error("broken")), failed));
  expect(cut[0]).toBe(whole[0]);
  expect(cut[1]).toContain("broken");
  expect(cut).toHaveLength(2);
});

it("asks for no more while a client takes nothing, and goes on where it does again", async () => {
  const [size, count] = [2 ** 16, 1000];
  let asked = 0;
  let returned = 0;
  async function* chunks(): AsyncGenerator<readonly object[], void, undefined> {
    try {
      while (asked < count) {
        asked++;
        await Promise.resolve();
        yield [{ text: "x".repeat(size) }];
      }
    } finally {
      returned++;
    }
  }
  const server = createServer(getRequestListener(() => new Response(eventStream(chunks(), failed))) as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ask = () => {
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    return socket;
  };
  /** Chunks that were asked for once none is any more. */
  const settled = async (): Promise<number> => {
    for (let before = -1; before !== asked || asked === 0; await delay(100)) before = asked;
    return asked;
  };
  try {
    const slow = ask();
    // What the system keeps for both ends of a connection is a few megabytes.
    expect(await settled()).toBeLessThan(count / 2);
    let bytes = 0;
    slow.on("data", (data) => (bytes += data.length));
    slow.resume();
    await new Promise((resolve) => slow.once("close", resolve));
    expect(asked).toBe(count);
    expect(bytes).toBeGreaterThan(size * count);
    asked = 0;
    const gone = ask();
    await settled();
    gone.destroy();
    await expect.poll(() => returned).toBe(2);
    expect(asked).toBeLessThan(count / 2);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
