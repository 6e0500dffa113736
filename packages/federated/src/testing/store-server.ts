import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";

/** A store of this machine that speaks as S3 does, as far as objects are put, got and listed. */
export interface StoreServer {
  readonly origin: string;
  /** By their paths, with the bucket. */
  readonly objects: Map<string, Buffer>;
  /** Of every request, in order. */
  readonly seen: {
    readonly method: string;
    readonly url: string;
    readonly authorization: string | undefined;
  }[];
  /** Statuses of the next requests, in place of answers; 0 for a connection that is cut half way. */
  readonly faults: number[];
  /** Status of every request; 200 for the usual ones. */
  status: number;
  /** Whether there is a bucket. */
  hasBucket: boolean;
  /** Whether every listing says that more follows. */
  isEndless: boolean;
  /** Connections that are open. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

/** Keys of one listing. */
const PAGE = 2;

/** Starts a store. */
export async function startStoreServer(): Promise<StoreServer> {
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    made.seen.push({ method, url, authorization: headers.authorization });
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { pathname, searchParams } = new URL(url, "http://store");
      const path = decodeURIComponent(pathname);
      const fault = made.faults.shift();
      if (made.status !== 200) return void response.writeHead(made.status).end();
      if (fault !== undefined && fault !== 0) return void response.writeHead(fault).end();
      const missing = (code: string): void =>
        void response.writeHead(404).end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
      if (!made.hasBucket) return missing("NoSuchBucket");
      if (method === "PUT") {
        // A cut connection is one whose answer does not come.
        if (fault === 0) return void request.socket.destroy();
        objects.set(path, Buffer.concat(parts));
        return void response.writeHead(200).end();
      }
      if (searchParams.get("list-type") === "2") {
        return void response.end(listing(path.replace(/\/$/, ""), searchParams));
      }
      const bytes = objects.get(path);
      if (bytes === undefined) return missing("NoSuchKey");
      response.writeHead(200, { "content-length": bytes.length });
      if (fault !== 0) return void response.end(bytes);
      response.write(bytes.subarray(0, bytes.length >> 1), () => request.socket.destroy());
    });
  });
  const listing = (bucket: string, query: URLSearchParams): string => {
    const prefix = query.get("prefix") ?? "";
    const keys = [...objects.keys()]
      .filter((path) => path.startsWith(`${bucket}/`))
      .map((path) => path.slice(bucket.length + 1))
      .filter((key) => key.startsWith(prefix));
    const names = [
      ...new Set(keys.map((key) => prefix + key.slice(prefix.length).replace(/\/.*$/, "/"))),
    ].sort();
    const from = Number(query.get("continuation-token") ?? 0);
    const page = names.slice(from, from + PAGE);
    const isCut = made.isEndless || from + PAGE < names.length;
    const entry = (name: string): string =>
      name.endsWith("/")
        ? `<CommonPrefixes><Prefix>${encodeURIComponent(name)}</Prefix></CommonPrefixes>`
        : `<Contents><Key>${encodeURIComponent(name)}</Key><Size>1</Size></Contents>`;
    return `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><IsTruncated>${isCut}</IsTruncated>${isCut ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : ""}${page.map(entry).join("")}</ListBucketResult>`;
  };
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const made: StoreServer = {
    origin: `http://127.0.0.1:${port}`,
    objects,
    seen: [],
    faults: [],
    status: 200,
    hasBucket: true,
    isEndless: false,
    connections: async () => await promisify(server.getConnections.bind(server))(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return made;
}
