import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** A proxy that leads every tunnel to one server. */
export interface TestProxy {
  readonly origin: string;
  /** Hosts and ports that tunnels were asked for to. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Starts a proxy on this machine. @param target origin of the server that it leads to */
export async function startProxy(target: string): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, socket) => {
    asked.push(request.url!);
    const far = connect(Number(new URL(target).port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      far.pipe(socket);
      socket.pipe(far);
    });
    far.on("error", () => socket.destroy());
    socket.on("error", () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
