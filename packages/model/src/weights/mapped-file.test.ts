import { loadNativeKernels, type NativeKernels } from "@lathe/kernels";
import { mkdtemp, open, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWeights } from "./open-weights.js";
import { joinedStretches, MappedFile } from "./mapped-file.js";
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
  const stretches = [
    { offset: 0, length: 16 },
    { offset: 16, length: 8 },
  ];

  it("maps a stretch at the first hold, frees it after the last release and the close, whichever comes later", () => {
    for (const order of [
      ["close", "first", "second"],
      ["first", "second", "close"],
      ["second", "close", "first"],
    ]) {
      const mapped: number[] = [];
      const freed: ArrayBuffer[] = [];
      const dropped: (readonly [number, number])[] = [];
      const memory = {
        free: (gone: ArrayBuffer) => freed.push(gone),
        dropPages: (_: ArrayBuffer, offset: number, length: number) => dropped.push([offset, length]),
      };
      const file = new MappedFile(memory, stretches, ({ offset, length }) => {
        mapped.push(offset);
        return new ArrayBuffer(length);
      });
      expect(mapped).toEqual([]);
      const first = file.hold({ offset: 2, length: 8 });
      const second = file.hold({ offset: 4, length: 12 });
      expect([first.bytes.byteOffset, first.bytes.byteLength, second.bytes.byteOffset]).toEqual([2, 8, 4]);
      expect(second.bytes.buffer).toBe(first.bytes.buffer);
      for (const [i, step] of order.entries()) {
        expect(freed).toHaveLength(0);
        const act = { close: () => file.close(), first: first.release, second: second.release }[step]!;
        act();
        if (i < 2) act(); // twice is harmless
      }
      expect([mapped, freed]).toEqual([[0], [first.bytes.buffer]]);
      const released = order.flatMap((step) =>
        step === "close" ? [] : [step === "first" ? [2, 8] : [4, 12]],
      );
      expect(dropped).toEqual(released);
      expect(() => file.hold({ offset: 0, length: 1 })).toThrow("expected an open one, got a closed one");
    }
  });

  it("maps stretches apart", () => {
    const freed: number[] = [];
    const file = new MappedFile(
      { free: ({ byteLength }) => freed.push(byteLength), dropPages: () => undefined },
      stretches,
      ({ length }) => new ArrayBuffer(length),
    );
    const [early, late] = [file.hold({ offset: 8, length: 8 }), file.hold({ offset: 20, length: 4 })];
    expect([early.bytes.byteOffset, late.bytes.byteOffset]).toEqual([8, 4]);
    expect(late.bytes.buffer).not.toBe(early.bytes.buffer);
    expect(() => file.hold({ offset: 12, length: 8 })).toThrow("expected a part of a stretch, got 8 at 12");
    file.close();
    early.release();
    expect(freed).toEqual([16]);
    late.release();
    expect(freed).toEqual([16, 8]);
  });

  it("maps nothing where nothing is held", () => {
    new MappedFile({ free: never, dropPages: never }, stretches, never).close();
  });
});

describe("joinedStretches", () => {
  it("joins neighbours up to the limit and leaves what is longer alone", () => {
    const parts = [10, 3, 4, 50, 1, 1].map((length, i, all) => ({
      offset: 100 + all.slice(0, i).reduce((sum, one) => sum + one, 0),
      length,
    }));
    expect(joinedStretches(parts, 17).map(({ length }) => length)).toEqual([17, 50, 2]);
    expect(joinedStretches(parts, 16).map(({ length }) => length)).toEqual([13, 4, 50, 2]);
    expect(joinedStretches(parts, 1000)).toEqual([{ offset: 100, length: 69 }]);
    expect(joinedStretches([], 5)).toEqual([]);
  });
});

describe.skipIf(kernels === null)("tensors in a mapped file", () => {
  const native = kernels as NativeKernels;

  it("are views of one mapping, outlive the weights and the file, and go with the last release", async () => {
    const before = native.memory();
    const weights = await openWeights(folder, { memory: native });
    expect(native.memory().mappings).toBe(before.mappings);
    const held = await Promise.all(["wide", "half", "bytes", "wide"].map((name) => weights.hold(name)));
    const [wide, half, bytes, again] = held;
    expect(native.memory().mappings).toBe(before.mappings + 1);
    await weights.close();
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
    await expect(weights.hold("wide")).rejects.toThrow("got a closed one");
  });

  it("may lie beyond what one buffer can map", async () => {
    // 5 GiB of zeros that take no room on the disk, and a tensor behind them.
    const [zeros, count] = [5 * 2 ** 30, 1000];
    const header = Buffer.from(
      JSON.stringify({
        zeros: { dtype: "U8", shape: [zeros], data_offsets: [0, zeros] },
        more: { dtype: "BF16", shape: [2 ** 29], data_offsets: [zeros, zeros + 2 ** 30] },
        last: { dtype: "F32", shape: [count], data_offsets: [zeros + 2 ** 30, zeros + 2 ** 30 + 4 * count] },
      }).padEnd(400),
    );
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(header.length));
    const handle = await open(path, "w");
    await handle.write(Buffer.concat([start, header]), 0, 408, 0);
    await handle.write(Buffer.from(values.buffer, 0, 4 * count), 0, 4 * count, 408 + zeros + 2 ** 30);
    await handle.close();
    const before = native.memory();
    const weights = await openSafetensors(path, { memory: native });
    const [more, last] = [await weights.hold("more"), await weights.hold("last")];
    expect(more.bytes.byteLength).toBe(2 ** 30);
    expect(more.bytes.at(-1)).toBe(0);
    expect(new Float32Array(last.bytes.buffer, last.bytes.byteOffset, count)).toEqual(values.slice(0, count));
    expect(native.memory().mappings).toBe(before.mappings + 1);
    for (const held of [more, last]) held.release();
    await weights.close();
    expect(native.memory().mappings).toBe(before.mappings);
  });

  it("cannot change the file", async () => {
    const file = await readFile(path);
    const weights = await openSafetensors(path, { memory: native });
    const { bytes, release } = await weights.hold("bytes");
    bytes.fill(9);
    expect(Buffer.compare(await readFile(path), file)).toBe(0);
    release();
    await weights.close();
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
    const weights = await openSafetensors(path, { memory: native });
    const wide = await weights.hold("wide");
    expect(native.memory().mappings).toBe(before.mappings);
    expect(new Float32Array(wide.bytes.buffer, wide.bytes.byteOffset, 3000)).toEqual(values);
    const bytes = await weights.hold("bytes");
    expect(native.memory().mappings).toBe(before.mappings + 1);
    expect([...bytes.bytes]).toEqual([1, 2, 3]);
    for (const held of [wide, bytes]) held.release();
    await weights.close();
    expect(native.memory().mappings).toBe(before.mappings);
  });

  it.each([
    ["cut", async () => writeFile(path, (await readFile(path)).subarray(0, -1)), /another or a changed one/],
    ["written anew", async () => writeFile(path, await readFile(path)), /another or a changed one/],
    [
      "exchanged",
      async () => {
        await writeFile(`${path}.new`, await readFile(path));
        await rename(`${path}.new`, path);
      },
      /another or a changed one/,
    ],
    ["removed", async () => unlink(path), /no such file/],
  ])("refuses a file that was %s after it was opened", async (_what, change, message) => {
    const before = native.memory();
    const weights = await openWeights(folder, { memory: native });
    await change();
    await expect(weights.hold("wide")).rejects.toThrow(message);
    await weights.close();
    expect(native.memory().mappings).toBe(before.mappings);
  });
});

it("tensors of stored weights without memory are copies", async () => {
  const weights = await openWeights(folder);
  expect(weights.memory).toBeNull();
  const held = await weights.hold("wide");
  await weights.close();
  held.release();
  expect(new Float32Array(held.bytes.buffer)).toEqual(values);
});

function never(): never {
  throw new Error("not to be called");
}
