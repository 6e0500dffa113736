import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSafetensors } from "./safetensors-file.js";
import { type TensorToWrite, writeSafetensors } from "./write-safetensors.js";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-safetensors-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("a file of the Python library, read and written again", () => {
  it.each([
    "reference/all-dtypes.safetensors",
    "models/qwen2/model.safetensors",
    "models/llama/expected.safetensors",
    "stories260k/model.safetensors",
  ])("%s is equal byte for byte", async (name) => {
    const original = await openSafetensors(join(fixtures, name));
    // In falling order of names, so that the writer has to sort.
    const tensors = original.names().sort().reverse();
    const copy = join(folder, "copy.safetensors");
    await writeSafetensors(
      copy,
      tensors.map((tensor) => ({
        ...original.info(tensor),
        data: async () => (await original.readRaw(tensor)).bytes,
      })),
      Object.fromEntries(original.metadata),
    );
    await original.close();
    expect(sha256(await readFile(copy))).toBe(sha256(await readFile(join(fixtures, name))));
  });
});

it("writes typed arrays of every width and reads them back", async () => {
  const path = join(folder, "widths.safetensors");
  const tensors: TensorToWrite[] = [
    { name: "__proto__", dtype: "F32", shape: [2], data: Float32Array.of(1.5, -2) },
    { name: "half", dtype: "F16", shape: [1, 2], data: Uint16Array.of(0x3c00, 0xc000) },
    { name: "long", dtype: "I64", shape: [2], data: BigInt64Array.of(-1n, 7n) },
    { name: "byte", dtype: "I8", shape: [3], data: Int8Array.of(-1, 0, 1) },
    { name: "view", dtype: "F32", shape: [2], data: Float32Array.of(0, 3, 4, 0).subarray(1, 3) },
    { name: "none", dtype: "F32", shape: [0, 3], data: new Float32Array(0) },
  ];
  await writeSafetensors(path, tensors);
  const file = await openSafetensors(path);
  const values = new Map<string, number[]>();
  for (const name of file.names()) values.set(name, [...(await file.readFloat32(name))]);
  await file.close();
  expect(values).toEqual(
    new Map([
      ["long", [-1, 7]],
      ["__proto__", [1.5, -2]],
      ["none", []],
      ["view", [3, 4]],
      ["half", [1, -2]],
      ["byte", [-1, 0, 1]],
    ]),
  );
  expect(file.metadata.size).toBe(0);
});

it("writes a file without tensors that can be opened", async () => {
  const path = join(folder, "empty.safetensors");
  await writeSafetensors(path, []);
  const file = await openSafetensors(path);
  expect(file.names()).toEqual([]);
  await file.close();
});

describe("when writing fails", () => {
  const weight: TensorToWrite = { name: "w", dtype: "F32", shape: [2], data: new Float32Array(2) };

  it.each<[string, TensorToWrite[], string]>([
    [
      "data too short",
      [{ ...weight, data: new Float32Array(1) }],
      'expected 8 bytes for "w", F32 of shape [2], got 4',
    ],
    ["a name twice", [weight, { ...weight }], 'expected every tensor name once, got "w" twice'],
    [
      "a source that throws",
      [weight, { ...weight, name: "x", data: () => Promise.reject(new Error("source is gone")) }],
      "source is gone",
    ],
  ])("%s leaves the old file and nothing else", async (_name, tensors, message) => {
    const own = await mkdtemp(join(folder, "failed-"));
    const path = join(own, "model.safetensors");
    await writeFile(path, "old");
    await expect(writeSafetensors(path, tensors)).rejects.toThrow(message);
    expect(await readdir(own)).toEqual(["model.safetensors"]);
    expect(await readFile(path, "utf8")).toBe("old");
  });
});
