import { dtypeSizes, type Dtype, openSafetensors, writeSafetensors } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packedCodes, quantizeStored, storedBytes } from "./quantize-stored.js";
import { seededNormals } from "./testing.js";

/** 6 pieces of 16 MiB in float32, the last of them short. */
const SHAPE = [5_300, 4_096] as const;
const MOST_BYTES = 16 * 1024 * 1024;

let folder: string;
let path: string;
const values = new Float32Array(SHAPE[0] * SHAPE[1]);
beforeAll(async () => {
  await startEngine("cpu");
  folder = await mkdtemp(join(tmpdir(), "quantize-stored-"));
  path = join(folder, "model.safetensors");
  const some = seededNormals(1)(100_003);
  for (let i = 0; i < values.length; i++) values[i] = some[i % some.length];
  await writeSafetensors(path, [
    { name: "weight", dtype: "F32", shape: SHAPE, data: values },
    { name: "number", dtype: "F32", shape: [], data: Float32Array.of(3) },
    { name: "none", dtype: "F32", shape: [0, 4], data: new Float32Array() },
  ]);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** All pieces in one, and the largest of them in bytes. */
async function gather(pieces: AsyncIterable<ArrayBufferView>): Promise<readonly [Buffer, number]> {
  const copies: Buffer[] = [];
  for await (const { buffer, byteOffset, byteLength } of pieces) {
    copies.push(Buffer.from(Buffer.from(buffer, byteOffset, byteLength)));
  }
  return [Buffer.concat(copies), Math.max(0, ...copies.map(({ length }) => length))];
}

it("gives the bytes of a tensor in pieces of at most 16 MiB, whatever its size", async () => {
  const weights = await openSafetensors(path);
  try {
    const [bytes, most] = await gather(storedBytes(weights, "weight"));
    expect(bytes.equals(Buffer.from(values.buffer))).toBe(true);
    expect(most).toBe(MOST_BYTES);
    expect((await gather(storedBytes(weights, "number")))[0]).toEqual(Buffer.from(Float32Array.of(3).buffer));
    expect(await gather(storedBytes(weights, "none"))).toEqual([Buffer.alloc(0), 0]);
  } finally {
    await weights.close();
  }
});

it.each([
  ["int8", "I8", 1],
  ["nf4", "U8", 0.5],
  ["fp16", "F16", 1],
] as const)("%s: packs the pieces as it packs the whole", async (format, dtype: Dtype, codesOfWeight) => {
  const weights = await openSafetensors(path);
  try {
    const [bytes, most] = await gather(packedCodes(weights, "weight", format));
    const { matrix } = await quantizeStored(weights, "weight", format);
    const { buffer, byteOffset, byteLength } = matrix.codes;
    expect(bytes.equals(Buffer.from(buffer, byteOffset, byteLength))).toBe(true);
    expect(most).toBe((MOST_BYTES / 4) * dtypeSizes[dtype] * codesOfWeight);
  } finally {
    await weights.close();
  }
});

it("names the element of the tensor, not of the piece", async () => {
  const other = join(folder, "infinite.safetensors");
  const infinite = values.slice();
  infinite[3_000 * SHAPE[1] + 7] = Infinity;
  await writeSafetensors(other, [{ name: "weight", dtype: "F32", shape: SHAPE, data: infinite }]);
  const weights = await openSafetensors(other);
  try {
    await expect(gather(packedCodes(weights, "weight", "fp16"))).rejects.toThrow('"weight" at [3000, 7]');
  } finally {
    await weights.close();
  }
});
