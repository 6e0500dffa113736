import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import { openWeights } from "./open-weights.js";
import { writeSafetensors } from "./write-safetensors.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weights-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const one = "model-00001-of-00002.safetensors";
const two = "model-00002-of-00002.safetensors";

async function writeShards(weightMap: unknown): Promise<void> {
  await writeSafetensors(join(folder, one), [
    { name: "a", dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    { name: "unlisted", dtype: "F32", shape: [1], data: Float32Array.of(0) },
  ]);
  await writeSafetensors(join(folder, two), [
    { name: "b", dtype: "BF16", shape: [2], data: Uint16Array.of(0x3f80, 0xc000) },
  ]);
  await writeIndex({ metadata: { total_size: 20 }, weight_map: weightMap });
}

async function writeIndex(index: unknown): Promise<void> {
  const text = typeof index === "string" || index instanceof Uint8Array ? index : JSON.stringify(index);
  await writeFile(join(folder, "model.safetensors.index.json"), text);
}

async function expectFault(essential: string): Promise<void> {
  const error: unknown = await openWeights(folder).catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(WeightsError);
  expect((error as WeightsError).message).toContain(essential);
}

it("reads tensors from the shards that hold them", async () => {
  await writeShards({ a: one, b: two });
  const weights = await openWeights(folder);
  expect(weights.names()).toEqual(["a", "b"]);
  expect(weights.pathOf("b")).toBe(join(folder, two));
  expect(weights.info("a")).toMatchObject({ dtype: "F32", shape: [2, 2] });
  expect([...(await weights.readFloat32("b"))]).toEqual([1, -2]);
  expect([...(await weights.readFloat32("a", { start: 1, end: 2 }))]).toEqual([3, 4]);
  expect((await weights.readRaw("b")).dtype).toBe("BF16");
  expect(weights.has("unlisted")).toBe(false);
  expect(() => weights.info("unlisted")).toThrow(
    'tensor "unlisted": expected the tensor, got no such tensor',
  );
  await weights.close();
});

it("prefers the single file to an index, as Transformers does", async () => {
  await writeShards({ a: one, b: two });
  await writeSafetensors(join(folder, "model.safetensors"), [
    { name: "only", dtype: "F32", shape: [1], data: Float32Array.of(5) },
  ]);
  const weights = await openWeights(folder);
  expect(weights.names()).toEqual(["only"]);
  await weights.close();
});

describe("refuses", () => {
  it("a folder that is missing, a file, a folder without weights, a folder with a pickle", async () => {
    await expect(openWeights(join(folder, "absent"))).rejects.toThrow(
      "expected a model folder, got no such folder",
    );
    await writeFile(join(folder, "pytorch_model.bin"), "");
    await expect(openWeights(join(folder, "pytorch_model.bin"))).rejects.toThrow("got a file");
    await expectFault(
      "expected model.safetensors or model.safetensors.index.json, got only pytorch_model.bin; convert the weights",
    );
    await rm(join(folder, "pytorch_model.bin"));
    await expectFault("expected model.safetensors or model.safetensors.index.json, got neither");
  });

  it("a shard that is missing", async () => {
    await writeShards({ a: one, b: two });
    await rm(join(folder, two));
    await expectFault(`${two}: expected the shard that model.safetensors.index.json lists, got no such file`);
  });

  it("a shard that is cut short", async () => {
    await writeShards({ a: one, b: two });
    await truncate(join(folder, two), 20);
    await expectFault(`${two}: expected a header that fits into the file of 20 bytes`);
  });

  it("a tensor that is not where the index says", async () => {
    await writeShards({ a: one, b: one });
    await expectFault(`${one}, tensor "b": expected the tensor here, as model.safetensors.index.json says`);
  });

  it.each<[string, unknown]>([
    ["a path upwards", "../outside.safetensors"],
    ["a path downwards", "inner/model.safetensors"],
    ["an absolute path", "/etc/model.safetensors"],
    ["a Windows path", "..\\outside.safetensors"],
    ["a drive", "c:model.safetensors"],
    ["another kind of file", "config.json"],
    ["a number", 3],
    ["nothing", null],
  ])("an index with %s", async (_name, shard) => {
    await mkdir(join(folder, "inner"));
    await writeSafetensors(join(folder, "inner", "model.safetensors"), []);
    await writeShards({ a: one, b: shard });
    await expectFault(
      `expected weight_map to name .safetensors files of the folder, got ${JSON.stringify(shard)} for tensor "b"`,
    );
  });

  it.each<[string, string | Uint8Array, string]>([
    ["no JSON", "{", "expected JSON with a key in double quotes at line 1, column 2"],
    ["no weight_map", "{}", "expected an object weight_map from tensor to file, got nothing"],
    ["a weight_map list", '{"weight_map":[]}', "got []"],
    ["an empty weight_map", '{"weight_map":{}}', "expected a weight_map with tensors, got an empty one"],
    [
      "an inherited weight_map",
      '{"__proto__":{"weight_map":{"a":"b.safetensors"}}}',
      'expected JSON with another key at line 1, column 2, got "__proto__"',
    ],
    ["other bytes than UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), "expected UTF-8 text, got other bytes"],
  ])("an index with %s", async (_name, text, essential) => {
    await writeIndex(text);
    await expectFault(essential);
  });
});
