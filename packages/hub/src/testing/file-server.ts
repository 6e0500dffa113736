import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request to the test server. */
export interface FileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** What the test server serves, looked up at every request. */
export interface ServedFile {
  bytes: Buffer;
  etag?: string | undefined;
  /** Bytes of an answer after which the connection is cut. */
  cutAfter?: number | undefined;
  /** Answers that come first, before any other. */
  first?: number[] | undefined;
  /** Every request gets this answer. */
  status?: number | undefined;
  ignoresRanges?: boolean | undefined;
  ignoresConditions?: boolean | undefined;
  hidesLength?: boolean | undefined;
  redirectTo?: string | undefined;
  /** Hears of a request before it is answered. */
  onRequest?: ((request: FileRequest) => void) | undefined;
}

/** A server of one file at every path, as a store or a web server answers. */
export interface FileServer {
  readonly origin: string;
  readonly seen: FileRequest[];
  file: ServedFile;
  close(): Promise<void>;
}

/** Starts a server on this machine. */
export async function startFileServer(): Promise<FileServer> {
  const seen: FileRequest[] = [];
  const server = createServer((request, response) => {
    const seenNow = { method: request.method!, path: request.url!, headers: request.headers };
    seen.push(seenNow);
    const { file } = own;
    file.onRequest?.(seenNow);
    const { bytes, etag } = file;
    const first = file.first?.shift() ?? file.status;
    if (first !== undefined) return void response.writeHead(first).end();
    if (file.redirectTo !== undefined)
      return void response.writeHead(307, { location: file.redirectTo + request.url! }).end();
    const condition = request.headers["if-match"];
    if (condition !== undefined && condition !== etag && file.ignoresConditions !== true)
      return void response.writeHead(412).end();
    const headers: Record<string, string> = etag === undefined ? {} : { etag };
    const range =
      file.ignoresRanges === true ? null : /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const [start, end] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, bytes.length];
    if (range) headers["content-range"] = `bytes ${start}-${end - 1}/${bytes.length}`;
    if (file.hidesLength !== true) headers["content-length"] = String(end - start);
    response.writeHead(range ? 206 : 200, headers);
    if (request.method === "HEAD") return void response.end();
    const part = bytes.subarray(start, end);
    if (file.cutAfter === undefined || part.length <= file.cutAfter) return void response.end(part);
    response.write(part.subarray(0, file.cutAfter), () => setTimeout(() => response.destroy(), 5));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const own: FileServer = {
    origin: `http://127.0.0.1:${port}`,
    seen,
    file: { bytes: Buffer.alloc(0) },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return own;
}
