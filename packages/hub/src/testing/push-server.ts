import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What a test server that takes pushes was sent. */
export interface TakenPushes {
  readonly origin: string;
  /** Repositories by their ids. */
  readonly repositories: Map<string, TakenRepository>;
  /** Each request: method, path, authorization. */
  readonly seen: { method: string; path: string; authorization: string | null }[];
  /** Answers that come first, before any other. */
  readonly first: { status: number; headers?: Readonly<Record<string, string>> }[];
  close(): Promise<void>;
}

/** A repository of the test server. */
export interface TakenRepository {
  isPrivate: boolean;
  readonly commits: {
    readonly title: string;
    readonly branch: string;
    readonly files: Map<string, Buffer>;
  }[];
}

/** Files from so many bytes on are large files, which are sent on their own. */
const LARGE = 2000;

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

interface CommitLine {
  readonly key: "header" | "file" | "lfsFile";
  readonly value: { summary: string; path: string; content: string; encoding: "base64"; oid: string };
}

/** Starts a server that speaks the hub's endpoints for making repositories and for commits. @param token who may write */
export async function startPushServer(token: string): Promise<TakenPushes> {
  const repositories = new Map<string, TakenRepository>();
  const seen: TakenPushes["seen"] = [];
  const first: TakenPushes["first"] = [];
  const large = new Map<string, Buffer>();
  let origin = "";

  async function answer(
    request: IncomingMessage,
    path: string,
  ): Promise<readonly [status: number, body: unknown]> {
    const body = await bodyOf(request);
    const stored = /^\/storage\/([0-9a-f]{64})$/.exec(path);
    if (stored) {
      const sha = createHash("sha256").update(body).digest("hex");
      if (sha !== stored[1]) return [400, { error: "other bytes" }];
      large.set(sha, body);
      return [200, {}];
    }
    if (request.headers.authorization !== `Bearer ${token}`) return [401, { error: "no right to write" }];
    if (path === "/api/repos/create") {
      const { name, organization, visibility } = JSON.parse(body.toString()) as Record<string, string>;
      repositories.set(`${organization}/${name}`, { isPrivate: visibility !== "public", commits: [] });
      return [200, { url: `${origin}/${organization}/${name}`, name: `${organization}/${name}`, id: "1" }];
    }
    const [, id = "", rest = ""] =
      /^\/api\/models\/([^/]+\/[^/]+)(.*)$/.exec(path) ??
      /^\/([^/]+\/[^/]+)\.git(\/info\/lfs\/objects\/batch)$/.exec(path) ??
      [];
    const repository = repositories.get(id);
    if (!repository) return [404, { error: "Repository not found" }];
    if (rest === "") return [200, { id, private: repository.isPrivate }];
    if (rest.startsWith("/preupload/")) {
      const { files } = JSON.parse(body.toString()) as { files: { path: string; size: number }[] };
      const modes = files.map(({ path, size }) => ({ path, uploadMode: size >= LARGE ? "lfs" : "regular" }));
      return [200, { files: modes }];
    }
    if (rest.endsWith("/batch")) {
      const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
      const answers = objects.map(({ oid, size }) => ({
        oid,
        size,
        ...(large.has(oid) ? {} : { actions: { upload: { href: `${origin}/storage/${oid}` } } }),
      }));
      return [200, { transfer: "basic", objects: answers }];
    }
    const [, branch] = /^\/commit\/(.+)$/.exec(rest) ?? [];
    if (branch === undefined) return [404, {}];
    const lines = body
      .toString()
      .split("\n")
      .map((line) => JSON.parse(line) as CommitLine);
    const files = new Map<string, Buffer>();
    let title = "";
    for (const { key, value } of lines) {
      if (key === "header") title = value.summary;
      else if (key === "file") files.set(value.path, Buffer.from(value.content, value.encoding));
      else files.set(value.path, large.get(value.oid) ?? Buffer.from("missing"));
    }
    repository.commits.push({ title, branch: decodeURIComponent(branch), files });
    const oid = createHash("sha1").update(body).digest("hex");
    return [
      200,
      { success: true, commitOid: oid, commitUrl: `${origin}/${id}/commit/${oid}`, hookOutput: "" },
    ];
  }

  const server = createServer((request, response) => {
    const { pathname: path } = new URL(request.url!, "http://localhost");
    seen.push({ method: request.method!, path, authorization: request.headers.authorization ?? null });
    const fault = first.shift();
    if (fault) {
      request.resume();
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    void answer(request, path).then(([status, body]) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    repositories,
    seen,
    first,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
