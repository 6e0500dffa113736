import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FileServer, startFileServer } from "../testing/file-server.js";
import { temporaryFolder } from "../testing/folders.js";
import { cacheAddress } from "./cache-address.js";

let server: FileServer;
beforeAll(async () => {
  server = await startFileServer();
});
afterAll(() => server.close());

const methods = (): string[] => server.seen.splice(0).map(({ method }) => method ?? "");

it("brings a file into the cache once, and again when it is another", async () => {
  const cache = await temporaryFolder();
  const bring = () =>
    cacheAddress(`${server.origin}/rows.jsonl?key=secret`, { env: { XDG_CACHE_HOME: cache } });
  server.file = { bytes: Buffer.from("first"), etag: '"one"' };
  const first = await bring();
  expect(first.startsWith(join(cache, "lathe", "files"))).toBe(true);
  expect(first).not.toContain("secret");
  expect(methods()).toEqual(["HEAD", "GET"]);
  expect(await bring()).toBe(first);
  expect(methods()).toEqual(["HEAD"]);
  server.file = { bytes: Buffer.from("other"), etag: '"two"' };
  expect(await readFile(await bring(), "utf8")).toBe("other");
  expect(await readFile(first, "utf8")).toBe("first");
});

it("keeps one copy of a file whose state nobody tells", async () => {
  const cache = await temporaryFolder();
  server.file = { bytes: Buffer.from("the same") };
  const bring = () => cacheAddress(`${server.origin}/rows.jsonl`, { env: { XDG_CACHE_HOME: cache } });
  expect(await bring()).toBe(await bring());
  expect(await readdir(join(cache, "lathe", "files"))).toHaveLength(1);
});
