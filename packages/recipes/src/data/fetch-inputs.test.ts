import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { prepareRows } from "../prepare-rows.js";
import type { RecipeEvent } from "../recipe-event.js";
import { temporaryFolder } from "../testing/folders.js";

const PARQUET = fileURLToPath(new URL("../../../data/fixtures/rows/nested.parquet", import.meta.url));

let origin: string;
let parquet: Buffer;
let asked = 0;
const served = new Map<string, Buffer>();
const server = createServer((request, response) => {
  asked += 1;
  const bytes = served.get(request.url!.replace(/\?.*$/, ""));
  if (bytes === undefined) return void response.writeHead(404).end();
  response.writeHead(200, { "content-length": bytes.length, etag: '"one"' });
  response.end(request.method === "HEAD" ? undefined : bytes);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  parquet = await readFile(PARQUET);
  served.set("/rows.parquet", parquet);
  served.set("/broken.parquet", Buffer.from("PAR1 and nothing more PAR1"));
  const row = JSON.stringify({ input: "Where is the cat?", output: "It is here." });
  served.set("/rows.jsonl", Buffer.from(`${row}\n{"input": \n`));
});
afterAll(() => server.close());

const plain = { split: "1:0:0", nearDuplicates: "off", cleaning: { steps: [] }, rejectLimit: 1 } as const;

it("prepares the rows of a file at an address as those of the file, and leaves nothing beside the output", async () => {
  const folder = await temporaryFolder();
  const [here, there] = [join(folder, "here"), join(folder, "there")];
  const events: RecipeEvent[] = [];
  const data = `${origin}/rows.parquet`;
  const local = await prepareRows({ ...plain, data: [PARQUET], output: here });
  const found = await prepareRows({
    ...plain,
    data: [`${data}?signature=hidden`],
    output: there,
    onEvent: (event) => events.push(event),
  });
  expect(local.kept).toBeGreaterThan(0);
  expect(found).toEqual({ ...local, output: there, examples: found.examples });
  expect(await readFile(join(there, "train.jsonl"), "utf8")).toBe(
    await readFile(join(here, "train.jsonl"), "utf8"),
  );
  const manifest = await readFile(join(there, "manifest.json"), "utf8");
  const sha256 = createHash("sha256").update(parquet).digest("hex");
  expect(JSON.parse(manifest)).toMatchObject({ inputs: [{ file: data, bytes: parquet.length, sha256 }] });
  expect(manifest).not.toMatch(/hidden|lathe-inputs/);
  expect(events).toContainEqual({
    type: "progress",
    phase: "downloading",
    done: parquet.length,
    total: parquet.length,
  });
  expect(events).toContainEqual(expect.objectContaining({ type: "columns", source: data }));
  expect((await readdir(folder)).sort()).toEqual(["here", "there"]);
});

it("names the address in what is wrong with its rows, and of rows that are set aside", async () => {
  const folder = await temporaryFolder();
  const output = join(folder, "prepared");
  await expect(prepareRows({ ...plain, data: [`${origin}/broken.parquet`], output })).rejects.toThrow(
    `${origin}/broken.parquet: cannot be read as Parquet`,
  );
  await expect(prepareRows({ ...plain, data: [`${origin}/absent`], output })).rejects.toThrow(
    `${origin}/absent: no such file at this address`,
  );
  expect(await readdir(folder)).toEqual([]);
  await prepareRows({ ...plain, data: [`${origin}/rows.jsonl`], output });
  const [rejected] = (await readFile(join(output, "rejected.jsonl"), "utf8")).trim().split("\n");
  expect(JSON.parse(rejected)).toMatchObject({ file: `${origin}/rows.jsonl`, line: 2 });
});

it("asks for nothing where the output must not be replaced", async () => {
  const before = asked;
  const output = dirname(PARQUET);
  await expect(prepareRows({ ...plain, data: [`${origin}/rows.jsonl`], output })).rejects.toThrow(
    "an output folder that does not exist",
  );
  expect(asked).toBe(before);
});

it("goes on with what an interrupted run brought here, and ends with the same bytes", async () => {
  const folder = await temporaryFolder();
  const output = join(folder, "prepared");
  const stop = new AbortController();
  const options = { ...plain, data: [`${origin}/rows.parquet`], output };
  const onEvent = (event: RecipeEvent): void => {
    if (event.type === "columns") stop.abort(new Error("stopped"));
  };
  await expect(prepareRows({ ...options, onEvent, signal: stop.signal })).rejects.toThrow("stopped");
  expect(await readdir(folder)).toEqual([".prepared.lathe-inputs"]);
  const before = asked;
  await prepareRows({ ...options, resume: true });
  expect(asked).toBe(before + 1); // its state alone
  expect(await readdir(folder)).toEqual(["prepared"]);
});
