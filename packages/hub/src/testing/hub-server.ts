import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a test server did. */
export interface SeenRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
}

/** A repository on the test server. */
export interface ServedRepository {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** Files from so many bytes on are large files, with a SHA-256. @defaultValue 1000 */
  readonly largeFrom?: number;
  readonly isGated?: boolean;
  /** Who may see it. */
  readonly token?: string;
}

/** Faults, each looked up at every request. */
export interface ServerFaults {
  /** Bytes of an answer after which the connection is cut. */
  cutEvery?: number;
  /** Answers that come first, before any other. */
  first?: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
  /** Large files are answered for by this other origin. */
  redirectTo?: string;
  /** The bytes of a file, where they are not the announced ones; `answers` counts those for files. */
  content?: (path: string, bytes: Buffer, answers: number) => Buffer;
  /** Paths of the listing, where they are not the files'. */
  names?: (path: string) => string;
  /** Answers that tell nothing of ranges. */
  ignoresRanges?: boolean;
}

/** A server that speaks the endpoints of both hubs. */
export interface HubServer {
  readonly origin: string;
  readonly seen: SeenRequest[];
  readonly faults: ServerFaults;
  close(): Promise<void>;
}

/** The commit that a repository of the test server is at. */
export const commitOf = (id: string): string => createHash("sha1").update(id).digest("hex");

const bytesOf = (content: Uint8Array | string): Buffer => Buffer.from(content as Uint8Array);
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const gitHash = (bytes: Buffer): string =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/** Starts a server on this machine. @param repositories by their ids */
export async function startHubServer(
  repositories: Readonly<Record<string, ServedRepository>>,
): Promise<HubServer> {
  const seen: SeenRequest[] = [];
  const faults: ServerFaults = {};
  let answers = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url!, `http://${String(request.headers.host)}`);
    seen.push({
      method: request.method!,
      host: url.host,
      path: url.pathname + url.search,
      range: request.headers.range ?? null,
      authorization: request.headers.authorization ?? null,
    });
    const fault = faults.first?.shift();
    if (fault) {
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    answer(request, response, url);
  });

  function answer(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const asked =
      /^\/api\/(?<kind>model|dataset)s\/(?<id>[^/]+\/[^/]+)(?:\/(?:revision|(?<tree>tree))\/(?<revision>.+))?$/.exec(
        url.pathname,
      ) ??
      /^\/(?<folder>datasets\/)?(?<id>[^/]+\/[^/]+)\/resolve\/[^/]+\/(?<file>.+)$/.exec(url.pathname) ??
      /^\/api\/v1\/(?<kind>model|dataset)s\/(?<id>[^/]+\/[^/]+)\/repo(?<listing>\/files|\/tree)?$/.exec(
        url.pathname,
      ) ??
      /^\/cdn\/(?<id>[^/]+\/[^/]+)\/(?<file>.+)$/.exec(url.pathname);
    const { id = "", file, listing, tree } = asked?.groups ?? {};
    const repository = repositories[id];
    const isModelScope = url.pathname.startsWith("/api/v1/");
    const isCdn = url.pathname.startsWith("/cdn/");
    const isLet =
      repository?.token === undefined ||
      request.headers.authorization === `Bearer ${repository.token}` ||
      isCdn;
    if (!repository || !isLet) {
      response.writeHead(401, { "x-error-code": "RepoNotFound" }).end("{}");
      return;
    }
    const path = isModelScope ? url.searchParams.get("FilePath") : file && decodeURIComponent(file);
    if (path && (listing === undefined || !isModelScope)) {
      const gate = repository.isGated && !isCdn && request.headers.authorization === undefined;
      if (gate) response.writeHead(401, { "x-error-code": "GatedRepo" }).end();
      else serveFile(request, response, id, repository, path, isCdn || isModelScope);
      return;
    }
    const entries = Object.entries(repository.files).map(([name, content]) => {
      return { path: faults.names?.(name) ?? name, bytes: bytesOf(content) };
    });
    response.setHeader("content-type", "application/json");
    if (isModelScope) {
      const Files = entries.map(({ path, bytes }) => ({
        Type: "blob",
        Name: path.split("/").at(-1),
        Path: path,
        Size: bytes.length,
        Sha256: sha256(bytes),
      }));
      response.end(JSON.stringify({ Code: 200, Success: true, Data: { Files } }));
      return;
    }
    if (tree !== undefined) {
      const files = entries.map(({ path, bytes }) => ({
        type: "file",
        path,
        size: bytes.length,
        oid: gitHash(bytes),
        ...(isLarge(repository, bytes)
          ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } }
          : {}),
      }));
      response.end(JSON.stringify(files));
      return;
    }
    const siblings = entries.map(({ path, bytes }) => ({
      rfilename: path,
      size: bytes.length,
      blobId: gitHash(bytes),
      ...(isLarge(repository, bytes)
        ? { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 } }
        : {}),
    }));
    response.end(
      JSON.stringify({
        id,
        modelId: id,
        sha: commitOf(id),
        private: false,
        gated: false,
        tags: [],
        siblings,
      }),
    );
  }

  function serveFile(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    repository: ServedRepository,
    path: string,
    isDirect: boolean,
  ): void {
    const content = repository.files[path];
    if (content === undefined) {
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
      return;
    }
    const announced = bytesOf(content);
    const large = isLarge(repository, announced);
    const etag = large ? sha256(announced) : gitHash(announced);
    const known = { etag: `"${etag}"`, "x-repo-commit": commitOf(id), "accept-ranges": "bytes" };
    if (large && !isDirect && faults.redirectTo !== undefined) {
      const linked = { "x-linked-etag": `"${etag}"`, "x-linked-size": String(announced.length) };
      response
        .writeHead(302, { ...known, ...linked, location: `${faults.redirectTo}/cdn/${id}/${path}` })
        .end();
      return;
    }
    const bytes = faults.content?.(path, announced, answers++) ?? announced;
    const range = faults.ignoresRanges ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const start = range ? Number(range[1]) : 0;
    const end = Math.min(bytes.length, range?.[2] ? Number(range[2]) + 1 : bytes.length);
    response.writeHead(range ? 206 : 200, {
      ...known,
      "content-length": String(end - start),
      ...(range ? { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` } : {}),
    });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    const { cutEvery = Number.POSITIVE_INFINITY } = faults;
    if (end - start <= cutEvery) response.end(bytes.subarray(start, end));
    else response.write(bytes.subarray(start, start + cutEvery), () => response.destroy());
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    faults,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const isLarge = ({ largeFrom = 1000 }: ServedRepository, { length }: Buffer): boolean => length >= largeFrom;
