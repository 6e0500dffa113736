import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { type ConnectionLimits, Connections } from "./connections.js";

const BYTES = 32 * 2 ** 20;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server whose answers are more than the system keeps of a connection. */
async function started(limits: ConnectionLimits) {
  let begun = 0;
  const server = createServer((_, response) => {
    begun++;
    response.end(Buffer.alloc(BYTES));
  });
  servers.push(server);
  const connections = new Connections(server, limits);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ask = async (): Promise<Socket> => {
    const before = begun;
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
    await expect.poll(() => begun).toBeGreaterThan(before);
    return socket;
  };
  return { server, connections, ask };
}

const countOf = async (server: Server): Promise<number> =>
  await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));

it("are closed though a client takes nothing, once those that take their answers have them", async () => {
  const { connections, ask } = await started({ idleMs: 60_000, closingMs: 300 });
  const [stalled, reading] = [await ask(), await ask()];
  const closed = connections.close();
  let bytes = 0;
  reading.on("data", (data) => (bytes += data.length));
  reading.resume();
  await closed;
  expect(bytes).toBeGreaterThan(BYTES);
  stalled.destroy();
  reading.destroy();
});

it("are given up where a client takes nothing for too long", async () => {
  const { server, ask } = await started({ idleMs: 200, closingMs: 60_000 });
  const stalled = await ask();
  expect(await countOf(server)).toBe(1);
  await expect.poll(() => countOf(server), { timeout: 5000 }).toBe(0);
  stalled.destroy();
});
