import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sayPhrase } from "@lathe/files";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PIECE_BYTES, writeAll } from "./download/partial-file.js";
import { pull, type PullOptions } from "./pull.js";
import { parseRepository } from "./repository/hub-repository.js";
import { hubSettings } from "./settings/hub-settings.js";
import { startProxy } from "./testing/proxy.js";
import { temporaryFolder } from "./testing/folders.js";
import { commitOf, type HubServer, startHubServer } from "./testing/hub-server.js";

/** Bytes that are not all alike. */
const content = (length: number, seed: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 13) & 255));

const weights = content(PIECE_BYTES * 2 + 12_345, 1);
const index = JSON.stringify({ weight_map: { a: "model-1.safetensors", b: "model-2.safetensors" } });
const model = {
  "config.json": '{"model_type":"qwen2"}',
  "tokenizer.json": "{}",
  "model.safetensors": weights,
  "README.md": "# a model",
  "pytorch_model.bin": content(5000, 2),
  "onnx/model.onnx": content(5000, 3),
};
const shards = {
  "config.json": "{}",
  "model.safetensors.index.json": index,
  "model-1.safetensors": content(3000, 4),
  "model-2.safetensors": content(4000, 5),
  "model-3.safetensors": content(4000, 6),
};
const rows = {
  "README.md": "# rows",
  "data/train.jsonl": '{"text":"a"}\n',
  "data/test.parquet": content(2000, 7),
};

let server: HubServer;
let other: HubServer;
beforeAll(async () => {
  const repositories = {
    "org/model": { files: model },
    "org/shards": { files: shards },
    "org/gated": { files: model, isGated: true },
    "org/hidden": { files: shards, token: "hf_secret" },
    "org/pickle": { files: { "config.json": "{}", "pytorch_model.bin": "x" } },
    "org/empty": { files: { "config.json": "{}", "model.safetensors": "" } },
    "org/rows": { files: rows },
  };
  server = await startHubServer(repositories);
  other = await startHubServer(repositories);
});
afterAll(async () => {
  await server.close();
  await other.close();
});
afterEach(() => {
  for (const one of [server, other]) {
    for (const name of Object.keys(one.faults)) delete one.faults[name as keyof typeof one.faults];
    one.seen.length = 0;
  }
});

let waits: number[] = [];
/** Options for a new cache, or for one that is there. */
async function fresh(
  env: Readonly<Record<string, string>> = {},
  cache?: string,
): Promise<PullOptions & { cache: string }> {
  const home = cache ?? (await temporaryFolder());
  waits = [];
  const settings = hubSettings({
    HF_ENDPOINT: server.origin,
    MODELSCOPE_DOMAIN: server.origin,
    HF_HOME: home,
    XDG_CACHE_HOME: home,
    ...env,
  });
  const wait = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    return Promise.resolve();
  };
  return { settings, cache: home, system: { wait } };
}
const named = (text: string, kind: "model" | "dataset" = "model") => parseRepository(text, kind)!;
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const fileOf = async (folder: string, name: string): Promise<string> =>
  hashOf(await readFile(join(folder, name)));

describe("pull", () => {
  it("takes what a model needs and no more, into the layout that Python's tools share", async () => {
    const options = await fresh();
    const told: number[] = [];
    const found = await pull(named("org/model"), {
      ...options,
      onProgress: ({ doneBytes, totalBytes }) => told.push(doneBytes / totalBytes),
    });
    const commit = commitOf("org/model");
    const folder = join(options.cache, "hub", "models--org--model");
    expect(found).toMatchObject({ commit, path: join(folder, "snapshots", commit) });
    expect((await readdir(found.path)).sort()).toEqual([
      "config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
    expect(await readFile(join(folder, "refs", "main"), "utf8")).toBe(commit);
    expect(await readlink(join(found.path, "model.safetensors"))).toBe(
      join("..", "..", "blobs", hashOf(weights)),
    );
    expect(await fileOf(found.path, "model.safetensors")).toBe(hashOf(weights));
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
    expect(found.downloadedBytes).toBe(found.totalBytes);
    expect(server.seen.filter(({ range }) => range !== null).length).toBe(3);

    server.seen.length = 0;
    expect(await pull(named("org/model"), options)).toMatchObject({ path: found.path, downloadedBytes: 0 });
    expect(server.seen.map(({ path }) => path)).toEqual(["/api/models/org/model/revision/main?blobs=true"]);
  });

  it("takes the shards that the index lists, a revision, a file and a data set's rows", async () => {
    const options = await fresh();
    const { path } = await pull(named("org/shards@v1.0"), options);
    expect((await readdir(path)).sort()).toEqual([
      "config.json",
      "model-1.safetensors",
      "model-2.safetensors",
      "model.safetensors.index.json",
    ]);
    expect(server.seen[0].path).toBe("/api/models/org/shards/revision/v1.0?blobs=true");
    const data = await pull(named("org/rows", "dataset"), options);
    expect(data.files).toEqual(["data/train.jsonl"]);
    expect(data.path).toContain("datasets--org--rows");
    const one = await pull(named("hf-dataset:org/rows:data/test.parquet"), options);
    expect(await fileOf(one.path, "data/test.parquet")).toBe(hashOf(rows["data/test.parquet"]));
    expect((await pull(named("org/empty"), options)).totalBytes).toBe(2);
  });

  it("speaks to ModelScope as well, and keeps its files apart", async () => {
    const options = await fresh();
    const found = await pull(named("modelscope:org/shards"), options);
    expect(found.path).toContain(join("lathe", "modelscope", "models--org--shards"));
    expect(found.files).toHaveLength(4);
    expect(await fileOf(found.path, "model-2.safetensors")).toBe(hashOf(shards["model-2.safetensors"]));
    const data = await pull(named("modelscope-dataset:org/rows"), options);
    expect(data.files).toEqual(["data/train.jsonl"]);
  });

  it("goes on where an answer was cut, however often, to the right hash", async () => {
    const options = await fresh();
    server.faults.cutEvery = 3_000_000;
    const { path } = await pull(named("org/model"), options);
    expect(await fileOf(path, "model.safetensors")).toBe(hashOf(weights));
    const ranges = server.seen.filter(({ range }) => range !== null);
    expect(ranges.length).toBeGreaterThan(weights.length / 3_000_000);
    // Nothing is asked for twice: the starts are all different.
    expect(new Set(ranges.map(({ range }) => range!.split("-")[0])).size).toBe(ranges.length);
  });

  it("goes on in another process where one was stopped", async () => {
    const options = await fresh();
    const abort = new AbortController();
    const stopped = pull(named("org/model"), {
      ...options,
      signal: abort.signal,
      onProgress: ({ doneBytes }) => doneBytes > 50_000_000 && abort.abort(),
    });
    await expect(stopped).rejects.toThrow("abort");
    server.seen.length = 0;
    const { path, downloadedBytes } = await pull(named("org/model"), options);
    expect(downloadedBytes).toBeLessThan(weights.length - 40_000_000);
    expect(await fileOf(path, "model.safetensors")).toBe(hashOf(weights));
  });

  it("loads once more what an earlier process had left and is wrong", async () => {
    const options = await fresh();
    const blobs = join(options.cache, "hub", "models--org--model", "blobs");
    await mkdir(blobs, { recursive: true });
    const part = join(blobs, `${hashOf(weights)}.lathe-part`);
    await writeFile(part, Buffer.alloc(weights.length));
    await writeFile(
      `${part}.json`,
      JSON.stringify({ pieceBytes: PIECE_BYTES, done: [1000, PIECE_BYTES, 0] }),
    );
    const { path } = await pull(named("org/model"), options);
    expect(await fileOf(path, "model.safetensors")).toBe(hashOf(weights));
    expect((await readdir(blobs)).filter((name) => name.includes("part"))).toEqual([]);
  });

  it("waits as long as the hub asks, tries again after its errors, and gives up in the end", async () => {
    const options = await fresh();
    server.faults.first = [
      { status: 429, headers: { "retry-after": "7" } },
      { status: 503 },
      { status: 500 },
    ];
    await pull(named("org/shards"), options);
    expect(waits).toEqual([7000, 1000, 2000]);
    server.faults.first = Array.from({ length: 20 }, () => ({ status: 502 }));
    await expect(pull(named("org/model"), await fresh())).rejects.toMatchObject({
      fault: "network",
      message: expect.stringMatching(/answered 502; 5 tries got no further$/) as string,
    });
  });

  it("takes what is here where the hub is not reached, and says so", async () => {
    const options = await fresh();
    const before = await pull(named("org/shards"), options);
    const gone = await fresh({ HF_ENDPOINT: "http://127.0.0.1:9" }, options.cache);
    const warnings: string[] = [];
    const onWarning: PullOptions["onWarning"] = (warning) => warnings.push(sayPhrase(warning));
    expect(await pull(named("org/shards"), { ...gone, onWarning })).toMatchObject({ path: before.path });
    expect(warnings).toEqual([expect.stringContaining("org/shards is taken as it was downloaded before")]);
    await expect(pull(named("org/model"), gone)).rejects.toThrow("127.0.0.1:9 was not reached: ECONNREFUSED");
  });

  it("asks nobody where HF_HUB_OFFLINE is set", async () => {
    const options = await fresh();
    const { path } = await pull(named("org/shards"), options);
    server.seen.length = 0;
    const offline = await fresh({ HF_HUB_OFFLINE: "1" }, options.cache);
    expect(await pull(named("org/shards"), offline)).toMatchObject({ path, downloadedBytes: 0 });
    await expect(pull(named("org/model"), offline)).rejects.toMatchObject({ fault: "offline" });
    expect(server.seen).toEqual([]);
  });

  it("keeps nothing whose hash is wrong", async () => {
    const options = await fresh();
    server.faults.content = (path, bytes) =>
      path === "model.safetensors" ? Buffer.from(bytes).fill(9, 5, 6) : bytes;
    await expect(pull(named("org/model"), options)).rejects.toMatchObject({
      fault: "damaged",
      message: expect.stringContaining(
        "model.safetensors does not have the hash that the hub says",
      ) as string,
    });
    const blobs = await readdir(join(options.cache, "hub", "models--org--model", "blobs"));
    expect(blobs.filter((name) => name.includes(hashOf(weights)))).toEqual([]);
    expect(await readdir(join(options.cache, "hub", "models--org--model"))).not.toContain("refs");
    server.faults.content = (path, bytes) => (path === "tokenizer.json" ? Buffer.from("[]") : bytes);
    await expect(pull(named("org/model"), await fresh())).rejects.toThrow(
      "tokenizer.json does not have the hash",
    );
  });

  it("notices a file that is changed between its ranges", async () => {
    const options = await fresh();
    server.faults.cutEvery = 3_000_000;
    server.faults.content = (path, bytes, answers) => {
      if (path !== "model.safetensors" || answers < 8) return bytes;
      return Buffer.concat([bytes, Buffer.from("more")]);
    };
    await expect(pull(named("org/model"), options)).rejects.toThrow(
      "is another file than the hub had listed",
    );
    server.faults.content = (path, bytes, answers) =>
      path === "model.safetensors" && answers >= 8 ? Buffer.from(bytes).reverse() : bytes;
    await expect(pull(named("org/model"), await fresh())).rejects.toThrow("does not have the hash");
  });

  it("says of a hub that knows no ranges that what it answers is not what was asked", async () => {
    server.faults.ignoresRanges = true;
    await expect(pull(named("org/model"), await fresh())).rejects.toMatchObject({ fault: "damaged" });
    expect((await pull(named("org/shards"), await fresh())).files).toHaveLength(4);
  });

  it("gives the token to the hub alone, and to nobody else where it redirects", async () => {
    const options = await fresh({ HF_TOKEN: "hf_secret" });
    server.faults.redirectTo = other.origin;
    const { path } = await pull(named("org/hidden"), options);
    expect(await fileOf(path, "model-1.safetensors")).toBe(hashOf(shards["model-1.safetensors"]));
    expect(new Set(server.seen.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer hf_secret"]),
    );
    expect(other.seen.length).toBeGreaterThan(0);
    expect(new Set(other.seen.map(({ authorization }) => authorization))).toEqual(new Set([null]));
    for (const file of await readdir(options.cache, { recursive: true })) {
      const whole = join(options.cache, file);
      if ((await lstat(whole)).isFile()) expect(await readFile(whole, "utf8")).not.toContain("hf_secret");
    }
  });

  it("takes the token from the file of Hugging Face's own tools, and says what a token is needed for", async () => {
    const options = await fresh();
    await writeFile(join(options.cache, "token"), "hf_secret\n");
    expect((await pull(named("org/hidden"), options)).files).toHaveLength(4);
    await expect(pull(named("org/hidden"), await fresh())).rejects.toMatchObject({
      fault: "missing",
      message: expect.stringContaining("what is private needs a token in HF_TOKEN") as string,
    });
    const wrong = pull(named("org/hidden"), await fresh({ HF_TOKEN: "hf_wrong" }));
    const error = await wrong.catch((error: unknown) => error as Error);
    expect(String((error as Error).stack)).not.toContain("hf_wrong");
    await expect(pull(named("org/gated"), await fresh())).rejects.toMatchObject({
      fault: "gated",
      message: `org/gated is gated: ask for access on ${server.origin}/org/gated and give a token of that account in HF_TOKEN`,
    });
  });

  it("goes through a proxy, but for hosts that are to be asked directly", async () => {
    const proxy = await startProxy(server.origin);
    // No name service knows the hub: the proxy does.
    const proxied = await fresh({ HF_ENDPOINT: "http://hub.invalid", HTTP_PROXY: proxy.origin });
    expect((await pull(named("org/shards"), proxied)).files).toHaveLength(4);
    expect(new Set(proxy.asked)).toEqual(new Set(["hub.invalid:80"]));
    proxy.asked.length = 0;
    const direct = await fresh({ HTTP_PROXY: proxy.origin, NO_PROXY: "127.0.0.1" });
    expect((await pull(named("org/shards"), direct)).files).toHaveLength(4);
    expect(proxy.asked).toEqual([]);
    await proxy.close();
  });

  it("refuses what the disk has no room for before it begins, and leaves nothing half where it fills up", async () => {
    const options = await fresh();
    const small = { ...options.system, freeBytes: () => Promise.resolve(70e6) };
    await expect(pull(named("org/model"), { ...options, system: small })).rejects.toMatchObject({
      fault: "space",
      message: expect.stringMatching(
        /expected 0\.13 GB of free disk for the download, got 0\.07 GB/,
      ) as string,
    });
    expect(server.seen).toHaveLength(1);
    let written = 0;
    const full: PullOptions["system"] = {
      ...options.system,
      async write(file, bytes, position) {
        if ((written += bytes.length) > 20e6) {
          throw Object.assign(new Error("no space"), { code: "ENOSPC", syscall: "write" });
        }
        await writeAll(file, bytes, position);
      },
    };
    await expect(pull(named("org/model"), { ...options, system: full })).rejects.toMatchObject({
      name: "FileError",
      message: expect.stringContaining("no space is left") as string,
    });
    const { path } = await pull(named("org/model"), options);
    expect(await fileOf(path, "model.safetensors")).toBe(hashOf(weights));
  });

  it("lets two downloads of the same load it once", async () => {
    const options = await fresh();
    const both = await Promise.all([pull(named("org/model"), options), pull(named("org/model"), options)]);
    expect(both[0].path).toBe(both[1].path);
    const loaded = server.seen.filter(({ path }) => path.endsWith("/model.safetensors"));
    expect(loaded).toHaveLength(3);
    expect(both.map(({ downloadedBytes }) => downloadedBytes).sort((a, b) => a - b)[0]).toBe(0);
  });

  it.each(["../../evil.json", "/etc/evil", "a/../../b", "a\\b", "a//b", "C:/x", ".", "a\0b", "CONFIG.json"])(
    "takes no listing with a file called %j",
    async (name) => {
      server.faults.names = (path) => (path === "tokenizer.json" ? name : path);
      const options = await fresh();
      await expect(pull(named("org/model"), options)).rejects.toThrow("expected plain paths of files");
      expect(await readdir(options.cache)).toEqual([]);
    },
  );

  it("says what a repository lacks", async () => {
    const faultOf = async (text: string): Promise<string> =>
      pull(named(text), await fresh()).catch((error: unknown) => (error as Error).message) as Promise<string>;
    expect(await faultOf("org/pickle")).toContain("expected model.safetensors or its index among the files");
    expect(await faultOf("org/absent")).toContain("org/absent is not on the hub, or private: look at");
    expect(await faultOf("org/model:weights.bin")).toContain(
      "org/model has no file weights.bin; it has config.json",
    );
  });
});
