import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

/** What a hub of two repositories serves; every file has Git's hash. */
const repositories: Record<string, Record<string, Buffer>> = {
  "org/rows": { "train.jsonl": Buffer.from('{"input":"Who?","output":"Me."}\n'.repeat(6)) },
  "org/two": { "a.jsonl": Buffer.from("{}\n"), "b.jsonl": Buffer.from("{}\n") },
};
const commit = "c".repeat(40);

const server = createServer((request, response) => {
  const url = new URL(request.url!, "http://hub");
  const listed = /^\/api\/(?:model|dataset)s\/([^/]+\/[^/]+)\/revision\/main$/.exec(url.pathname);
  const wanted = /^\/(?:datasets\/)?([^/]+\/[^/]+)\/resolve\/[^/]+\/(.+)$/.exec(url.pathname);
  const files = repositories[(listed ?? wanted)?.[1] ?? ""];
  if (!files) response.writeHead(404).end();
  else if (wanted) response.end(files[wanted[2]]);
  else {
    const siblings = Object.entries(files).map(([rfilename, bytes]) => {
      const blobId = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
      return { rfilename, size: bytes.length, blobId };
    });
    response.end(JSON.stringify({ sha: commit, siblings }));
  }
});

let env: Record<string, string>;
let home: string;
beforeAll(async () => {
  const names = ["config.json", "tokenizer.json", "model.safetensors"];
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(join(storiesModel, name))] as const),
  );
  repositories["org/stories"] = Object.fromEntries(files);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  home = await temporaryFolder();
  const { port } = server.address() as AddressInfo;
  env = { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HOME: home, XDG_CACHE_HOME: home };
});
afterAll(() => server.close());

const snapshot = (folder: string): string => join(home, "hub", folder, "snapshots", commit);

describe("names of hubs", () => {
  it("are downloaded, listed and removed", async () => {
    const pulled = await runLathe(["pull", "org/stories", "--json"], { env });
    expect(pulled.code, pulled.stderr).toBe(0);
    expect(pulled.json).toMatchObject({ id: "org/stories", commit, path: snapshot("models--org--stories") });
    expect((await runLathe(["pull", "org/stories"], { env })).stdout).toContain(
      "of which 0 B were downloaded now",
    );
    expect((await runLathe(["list"], { env })).stdout).toMatch(/^org\/stories +[\d.]+ MB +main$/m);
    const removed = await runLathe(["remove", "org/stories"], { env });
    expect(removed.stdout).toMatch(/^org\/stories removed, [\d.]+ MB freed$/m);
    expect((await runLathe(["list"], { env })).stdout).toBe(
      "no models or data sets of hubs are on this machine\n",
    );
    expect(await runLathe(["remove", "org/stories"], { env })).toMatchObject({ code: 2 });
  });

  it("stand wherever a model or rows are taken", async () => {
    const words = ["plan", "--model", "org/stories", "--data", "org/rows", "--memory", "4GB", "--json"];
    const { code, json, stderr } = await runLathe(words, { env });
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ fits: true });
    const doctor = await runLathe(["doctor", "--model", "hf:org/stories", "--engine", "cpu", "--json"], {
      env,
    });
    expect(doctor.json!["model"]).toMatchObject({ path: snapshot("models--org--stories") });
    const offline = { ...env, HF_HUB_OFFLINE: "1", HF_ENDPOINT: "http://127.0.0.1:9" };
    expect((await runLathe(words, { env: offline })).code).toBe(0);
  });

  it.each([
    [["pull", "gpt2"], "expected the name of a repository, such as Qwen/Qwen3-0.6B"],
    [["doctor", "--model", "org/absent"], "--model: org/absent is not on the hub, or private"],
    // Both files of rows are read.
    [["plan", "--model", "org/stories", "--data", "org/two"], "2 of 2 rows cannot be used"],
  ])("%j is told in a sentence", async (words, message) => {
    const { code, stderr } = await runLathe(words, { env });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect((await runLathe([...words, "--language", "zh"], { env })).stderr).not.toContain(message);
  });
});
