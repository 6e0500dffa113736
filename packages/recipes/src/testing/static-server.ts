import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const kinds: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** A server of plain files, as any is. */
export interface StaticServer {
  readonly url: string;
  /** Paths that it was asked for and has not. */
  readonly missing: readonly string[];
  close(): void;
}

/** Serves a folder. */
export async function serveFolder(folder: string): Promise<StaticServer> {
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(request.url!.split("?")[0]));
    const name = path.endsWith("/") ? `${path}index.html` : path;
    readFile(join(folder, name)).then(
      (bytes) => {
        response.writeHead(200, {
          "Content-Type": kinds[extname(name)] ?? "application/octet-stream",
          "Content-Length": bytes.length,
        });
        response.end(bytes);
      },
      () => {
        missing.push(path);
        response.writeHead(404).end();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    missing,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
