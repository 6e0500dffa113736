import { createHash, createHmac } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { FileError, isInputError } from "@lathe/files";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PIECE_BYTES } from "../download/partial-file.js";
import { type FileServer, startFileServer } from "../testing/file-server.js";
import { temporaryFolder } from "../testing/folders.js";
import { fetchAddress, type FetchAddressOptions } from "./fetch-address.js";
import { isFileAddress, parseFileAddress } from "./file-address.js";

/** Bytes that are not all alike. */
const content = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255));

const small = content(50_000);
const KEY = "AKIDEXAMPLE";
const SECRET = "wJalrXUtnFEMI-SECRET";
const SESSION = "session-SECRET";

let server: FileServer;
let other: FileServer;
beforeAll(async () => {
  server = await startFileServer();
  other = await startFileServer();
});
afterAll(async () => {
  await server.close();
  await other.close();
});
let folder: string;
beforeEach(async () => {
  server.seen.length = other.seen.length = 0;
  server.file = { bytes: small, etag: '"one"' };
  other.file = { bytes: small, etag: '"one"' };
  folder = await temporaryFolder();
});

const bring = (path = "/rows.parquet", options: Partial<FetchAddressOptions> = {}) =>
  fetchAddress(path.includes("://") ? path : server.origin + path, {
    folder,
    env: {},
    wait: async () => undefined,
    ...options,
  });
const faultOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error("expected a fault")),
    (error: unknown) => error as Error,
  );

describe("fetchAddress", () => {
  it("brings a file here under the name of its address, and once", async () => {
    const told: number[] = [];
    const found = await bring("/data/rows%201.parquet?token=hidden", { onBytes: (done) => told.push(done) });
    expect(found.name).toBe(`${server.origin}/data/rows%201.parquet`);
    expect(found.file).toMatch(/rows_1\.parquet$/);
    expect(await readFile(found.file)).toEqual(small);
    expect(told.at(-1)).toBe(small.length);
    expect(server.seen.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
    expect(await bring("/data/rows%201.parquet?token=hidden")).toEqual(found);
    expect(server.seen.map(({ method }) => method)).toEqual(["HEAD", "GET", "HEAD"]);
    server.file.etag = '"two"';
    expect((await bring("/data/rows%201.parquet?token=hidden")).file).not.toBe(found.file);
  });

  it("asks for nothing that the disk has no room for, and for what is missing alone", async () => {
    const freeBytes = (): Promise<number> => Promise.resolve(64e6 + small.length - 1);
    const fault = await faultOf(bring("/rows.parquet?token=hidden", { freeBytes }));
    expect(fault).toMatchObject({ fault: "space" });
    expect(fault.message).toMatch(
      /rows\.parquet: expected 0\.06 GB of free disk beside the output, got 0\.06 GB/,
    );
    expect(fault.message).not.toContain("hidden");
    expect(server.seen.map(({ method }) => method)).toEqual(["HEAD"]);
    expect(await readdir(folder)).toEqual([]);
    await bring("/rows.parquet", { freeBytes: () => Promise.resolve(64e6 + small.length) });
    await bring("/rows.parquet", { freeBytes: () => Promise.resolve(0) });
  });

  it("goes on where connections are cut, and after answers that pass", async () => {
    server.file = { bytes: small, etag: '"one"', cutAfter: 9_000, first: [429, 503] };
    const { file } = await bring();
    expect(await readFile(file)).toEqual(small);
    const ranges = server.seen.flatMap(({ headers }) => headers.range ?? []);
    expect(ranges.length).toBeGreaterThan(3);
    const gets = server.seen.filter(({ method }) => method === "GET");
    expect(gets.every(({ headers }) => headers["if-match"] === '"one"')).toBe(true);
  });

  it("brings a file of several ranges", async () => {
    const bytes = content(PIECE_BYTES + 1_000);
    server.file = { bytes, etag: '"large"' };
    const { file } = await bring();
    expect((await readFile(file)).equals(bytes)).toBe(true);
  });

  it("gives up after some tries", async () => {
    server.file.status = 503;
    const fault = await faultOf(bring());
    expect(fault).toMatchObject({
      fault: "network",
      message: expect.stringContaining("answered 503; 5 tries"),
    });
    expect(server.seen).toHaveLength(5);
  });

  it.each([
    ["strong", '"one"', '"two"', false],
    ["weak", 'W/"one"', 'W/"two"', false],
    ["strong, where the server does not heed the condition", '"one"', '"two"', true],
  ])("refuses a file that is changed between ranges: %s", async (_name, before, after, ignoresConditions) => {
    let gets = 0;
    server.file = {
      bytes: small,
      etag: before,
      cutAfter: 9_000,
      ignoresConditions,
      onRequest({ method }) {
        if (method === "GET" && ++gets === 2) server.file.etag = after;
      },
    };
    const fault = await faultOf(bring());
    expect(fault).toBeInstanceOf(FileError);
    expect(fault.message).toBe(
      `${server.origin}/rows.parquet: was changed while it was downloaded, or a proxy answers for it; try again`,
    );
  });

  it.each([
    [{ status: 404 }, /: no such file at this address$/],
    [{ status: 403 }, /: its server does not show it \(403\); download it and give its path$/],
    [{ status: 401 }, /: its server does not show it \(401\)/],
    [{ status: 400 }, /: expected a file, got status 400 from 127\.0\.0\.1/],
    [{ hidesLength: true }, /: its server does not say how long it is/],
    [{ bytes: Buffer.alloc(0) }, /: is empty$/],
    [{ ignoresRanges: true, cutAfter: 9_000 }, /: its server gives no ranges of it/],
  ])("says in one sentence what an answer means: %o", async (file, sentence) => {
    Object.assign(server.file, file);
    const fault = await faultOf(bring("/rows.parquet?X-Amz-Signature=hidden"));
    expect(fault.message).toMatch(sentence);
    expect(fault.message).not.toContain("hidden");
    expect(isInputError(fault)).toBe(true);
  });

  it("takes a whole file from a server without ranges", async () => {
    server.file.ignoresRanges = true;
    expect(await readFile((await bring()).file)).toEqual(small);
  });

  it("goes on with no part of a file that has no state", async () => {
    server.file = { bytes: small, cutAfter: 9_000, ignoresRanges: true };
    await faultOf(bring());
    expect(await readdir(folder)).toEqual([]);
  });

  it("is stopped by its signal, and goes on with what is here", async () => {
    const stop = new AbortController();
    const bytes = content(200_000);
    server.file = { bytes, etag: '"one"' };
    const onBytes = (done: number): void => {
      if (done > 0) stop.abort(new Error("stopped"));
    };
    await expect(bring("/rows.parquet", { signal: stop.signal, onBytes })).rejects.toThrow("stopped");
    expect((await readFile((await bring()).file)).equals(bytes)).toBe(true);
  });
});

describe("fetchAddress of s3://", () => {
  const store = () => ({
    AWS_ENDPOINT_URL: `${server.origin}/`,
    AWS_ACCESS_KEY_ID: KEY,
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_SESSION_TOKEN: SESSION,
    AWS_REGION: "eu-central-1",
  });

  it("asks the store of the environment, each request signed by version 4", async () => {
    const { name, file } = await bring("s3://bucket.one/data/火 rows+1.parquet", { env: store() });
    expect(name).toBe("s3://bucket.one/data/火 rows+1.parquet");
    expect(await readFile(file)).toEqual(small);
    expect(server.seen).toHaveLength(2);
    for (const { method, path, headers } of server.seen) {
      expect(path).toBe("/bucket.one/data/%E7%81%AB%20rows%2B1.parquet");
      expect(headers["x-amz-security-token"]).toBe(SESSION);
      expect(headers.authorization).toBe(signatureOf(method, path, headers));
    }
  });

  it("asks without a signature where there is no key", async () => {
    await bring("s3://bucket/rows.parquet", { env: { AWS_ENDPOINT_URL: server.origin } });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it("signs nothing for another origin that a store redirects to", async () => {
    server.file.redirectTo = other.origin;
    await bring("s3://bucket/rows.parquet", { env: store() });
    expect(server.seen.every(({ headers }) => headers.authorization !== undefined)).toBe(true);
    expect(other.seen).toHaveLength(2);
    for (const { headers } of other.seen) {
      expect(headers.authorization).toBeUndefined();
      expect(headers["x-amz-security-token"]).toBeUndefined();
    }
  });

  it("says whose key is not enough, and never the key's secret", async () => {
    server.file.status = 403;
    const signed = await faultOf(bring("s3://bucket/rows.parquet", { env: store() }));
    expect(signed.message).toBe(
      "s3://bucket/rows.parquet: its store does not show it to the owner of the key in AWS_ACCESS_KEY_ID (403)",
    );
    const unsigned = await faultOf(
      bring("s3://bucket/rows.parquet", { env: { AWS_ENDPOINT_URL: server.origin } }),
    );
    expect(unsigned.message).toMatch(/to everybody \(403\); give a key in AWS_ACCESS_KEY_ID/);
    server.file.status = 500;
    const failed = await faultOf(bring("s3://bucket/rows.parquet", { env: store() }));
    for (const { message } of [signed, failed]) expect(message).not.toMatch(/SECRET/);
  });

  /** The signature by the published algorithm, over the headers that the request says it covers. */
  function signatureOf(method: string, path: string, headers: Record<string, unknown>): string {
    const hmac = (key: Buffer | string, text: string): Buffer =>
      createHmac("sha256", key).update(text).digest();
    const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
    const date = String(headers["x-amz-date"]);
    const scope = `${date.slice(0, 8)}/eu-central-1/s3/aws4_request`;
    const [, names = ""] = /SignedHeaders=([^,]+)/.exec(String(headers["authorization"])) ?? [];
    expect(names.split(";")).toEqual(
      expect.arrayContaining(["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]),
    );
    const lines = names.split(";").map((name) => `${name}:${String(headers[name])}\n`);
    const request = [method, path, "", lines.join(""), names, headers["x-amz-content-sha256"]].join("\n");
    const text = ["AWS4-HMAC-SHA256", date, scope, sha(request)].join("\n");
    const key = scope.split("/").reduce<Buffer | string>((made, part) => hmac(made, part), `AWS4${SECRET}`);
    const signature = hmac(key, text).toString("hex");
    return `AWS4-HMAC-SHA256 Credential=${KEY}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  }
});

describe("parseFileAddress", () => {
  it("knows addresses of files, and leaves pages of hubs to their hub", () => {
    const texts = ["https://a.org/x.parquet", "http://localhost/x", "s3://b/x", "S3://b/x"];
    expect(texts.every(isFileAddress)).toBe(true);
    const others = [
      "rows.parquet",
      "/https://a",
      "hf:org/name",
      "https://huggingface.co/datasets/org/name",
      "",
    ];
    expect(others.some(isFileAddress)).toBe(false);
  });

  it("asks Amazon's hosts by the region where no endpoint is set", () => {
    const urlOf = (text: string, env = {}): string => parseFileAddress(text, env).url;
    expect(urlOf("s3://bucket/a/b.parquet")).toBe("https://bucket.s3.us-east-1.amazonaws.com/a/b.parquet");
    expect(urlOf("s3://with.dots/b", { AWS_REGION: "eu-west-1" })).toBe(
      "https://s3.eu-west-1.amazonaws.com/with.dots/b",
    );
    expect(urlOf("s3://bucket/b", { AWS_ENDPOINT_URL: "http://localhost:9000/" })).toBe(
      "http://localhost:9000/bucket/b",
    );
  });

  it.each(["s3://bucket", "s3://bucket/", "s3:///key", "s3://bucket/../other/key", "s3://b@d/key"])(
    "refuses what is no place in a store: %s",
    (text) => {
      expect(() => parseFileAddress(text, {})).toThrow("expected s3://bucket/key");
    },
  );

  it("repeats no name and password, nor a text that cannot be read", () => {
    expect(() => parseFileAddress("https://me:hidden@a.org/x?y=hidden", {})).toThrow(
      /^https:\/\/a\.org\/x: expected an address without a user name and a password$/,
    );
    expect(() => parseFileAddress("https://hidden:x@:1:2/", {})).toThrow(
      /^https:\/\/…: is no address of a file$/,
    );
  });

  it("refuses settings that lead elsewhere", () => {
    expect(() => parseFileAddress("s3://b1/x", { AWS_REGION: "a.evil.org/" })).toThrow("AWS_REGION");
    expect(() => parseFileAddress("s3://b1/x", { AWS_ENDPOINT_URL: "file:///etc" })).toThrow(
      "AWS_ENDPOINT_URL",
    );
  });
});
