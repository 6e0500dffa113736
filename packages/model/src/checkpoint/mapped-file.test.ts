import { loadNativeKernels, type NativeKernels } from "@lathe/kernels";
import { mkdtemp, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint } from "./checkpoint.js";
import { MappedFile } from "./mapped-file.js";
import { openSafetensors } from "./safetensors-file.js";
import { writeSafetensors } from "./write-safetensors.js";

const loaded = loadNativeKernels();
const kernels = "kernels" in loaded ? loaded.kernels : null;

let folder: string;
let path: string;
const values = Float32Array.from({ length: 3000 }, (_, i) => i / 7);
const halves = Uint16Array.from({ length: 999 }, (_, i) => i);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mapped-"));
  path = join(folder, "model.safetensors");
  await writeSafetensors(path, [
    { name: "wide", dtype: "F32", shape: [30, 100], data: values },
    { name: "half", dtype: "BF16", shape: [999], data: halves },
    { name: "bytes", dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) },
  ]);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("MappedFile", () => {
  it("maps at the first hold, frees after the last release and the close, whichever comes later", () => {
    for (const order of [
      ["close", "first", "second"],
      ["first", "second", "close"],
      ["second", "close", "first"],
    ]) {
      let maps = 0;
      const freed: ArrayBuffer[] = [];
      const buffer = new ArrayBuffer(16);
      const memory = { allocate: never, mapFile: never, free: (gone: ArrayBuffer) => void freed.push(gone) };
      const file = new MappedFile(memory, () => (maps++, buffer));
      expect(maps).toBe(0);
      const first = file.hold(0, 8);
      const second = file.hold(4, 12);
      expect([first.bytes.byteLength, second.bytes.byteOffset]).toEqual([8, 4]);
      for (const [i, step] of order.entries()) {
        expect(freed).toHaveLength(0);
        const act = { close: () => file.close(), first: first.release, second: second.release }[step]!;
        act();
        if (i < 2) act(); // twice is harmless
      }
      expect([maps, freed]).toEqual([1, [buffer]]);
      expect(() => file.hold(0, 1)).toThrow("expected an open one, got a closed one");
    }
  });

  it("maps nothing where nothing is held", () => {
    const memory = { allocate: never, mapFile: never, free: never };
    new MappedFile(memory, never).close();
  });
});

describe.skipIf(kernels === null)("tensors in a mapped file", () => {
  const native = kernels as NativeKernels;

  it("are views of one mapping, outlive the checkpoint and the file, and go with the last release", async () => {
    const before = native.memory();
    const checkpoint = await openCheckpoint(folder, { memory: native });
    expect(native.memory().mappings).toBe(before.mappings);
    const held = await Promise.all(["wide", "half", "bytes", "wide"].map((name) => checkpoint.hold(name)));
    const [wide, half, bytes, again] = held;
    expect(native.memory().mappings).toBe(before.mappings + 1);
    await checkpoint.close();
    await rename(path, `${path}.moved`);
    await unlink(`${path}.moved`);
    expect([wide.dtype, wide.shape]).toEqual(["F32", [30, 100]]);
    expect(new Float32Array(wide.bytes.buffer, wide.bytes.byteOffset, 3000)).toEqual(values);
    expect(new Uint16Array(half.bytes.buffer, half.bytes.byteOffset, 999)).toEqual(halves);
    expect([...bytes.bytes]).toEqual([1, 2, 3]);
    expect(again.bytes.buffer).toBe(wide.bytes.buffer);
    expect(again.bytes.byteOffset).toBe(wide.bytes.byteOffset);
    for (const tensor of held) {
      expect(native.memory().mappings).toBe(before.mappings + 1);
      tensor.release();
    }
    expect(native.memory()).toMatchObject({
      mappings: before.mappings,
      mappedBytes: before.mappedBytes,
    });
    expect(wide.bytes.byteLength).toBe(0);
    await expect(checkpoint.hold("wide")).rejects.toThrow("got a closed one");
  });

  it("cannot change the file", async () => {
    const file = await readFile(path);
    const checkpoint = await openSafetensors(path, { memory: native });
    const { bytes, release } = await checkpoint.hold("bytes");
    bytes.fill(9);
    expect(Buffer.compare(await readFile(path), file)).toBe(0);
    release();
    await checkpoint.close();
  });

  it("are copies where the file does not align them", async () => {
    // A header of 8 n + 1 bytes, as writers that do not pad it make.
    const file = await readFile(path);
    const length = Number(file.readBigUInt64LE(0));
    const header = Buffer.from(`${file.toString("utf8", 8, 8 + length).trimEnd()} `.padEnd(length + 1));
    const lengthField = Buffer.alloc(8);
    lengthField.writeBigUInt64LE(BigInt(header.byteLength));
    await writeFile(path, Buffer.concat([lengthField, header, file.subarray(8 + length)]));
    const before = native.memory();
    const checkpoint = await openSafetensors(path, { memory: native });
    const wide = await checkpoint.hold("wide");
    expect(native.memory().mappings).toBe(before.mappings);
    expect(new Float32Array(wide.bytes.buffer, wide.bytes.byteOffset, 3000)).toEqual(values);
    const bytes = await checkpoint.hold("bytes");
    expect(native.memory().mappings).toBe(before.mappings + 1);
    expect([...bytes.bytes]).toEqual([1, 2, 3]);
    for (const held of [wide, bytes]) held.release();
    await checkpoint.close();
    expect(native.memory().mappings).toBe(before.mappings);
  });

  it.each([
    ["cut", async () => writeFile(path, (await readFile(path)).subarray(0, -1)), /the file has \d+ bytes/],
    ["exchanged", async () => writeFile(path, (await readFile(path)).fill(0x20, 9, 12)), /another header/],
    ["gone", async () => unlink(path), /No such file/],
  ])("refuses a file that was %s after it was opened", async (_what, change, message) => {
    const before = native.memory();
    const checkpoint = await openCheckpoint(folder, { memory: native });
    await change();
    await expect(checkpoint.hold("wide")).rejects.toThrow(message);
    await checkpoint.close();
    expect(native.memory().mappings).toBe(before.mappings);
  });
});

it("tensors of a checkpoint without memory are copies", async () => {
  const checkpoint = await openCheckpoint(folder);
  expect(checkpoint.memory).toBeNull();
  const held = await checkpoint.hold("wide");
  await checkpoint.close();
  held.release();
  expect(new Float32Array(held.bytes.buffer)).toEqual(values);
});

function never(): never {
  throw new Error("not to be called");
}
