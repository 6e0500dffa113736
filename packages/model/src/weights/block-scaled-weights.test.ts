import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listEngines, startEngine } from "@lathe/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSafetensors } from "./safetensors-file.js";
import { openWeights } from "./open-weights.js";
import { writeSafetensors } from "./write-safetensors.js";

const fixture = fileURLToPath(new URL("../../fixtures/models/deepseek_v3_fp8", import.meta.url));
/** Ragged at both edges: three blocks of rows and three of columns. */
const NAME = "model.layers.0.mlp.down_proj.weight";

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "lathe-blocks-"))));
afterAll(() => rm(folder, { recursive: true }));

/** The value of an 8-bit float, by the definition of e4m3 (arXiv:2209.05433, table 1). */
function valueOf(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 7, (bits >> 3) & 15, bits & 7];
  if (exponent === 15 && fraction === 7) return NaN;
  const size = exponent === 0 ? (fraction / 8) * 2 ** -6 : (1 + fraction / 8) * 2 ** (exponent - 7);
  return sign ? -size : size;
}

/** The nearest bfloat16, of two as near the even one. */
function toBfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
  const rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(Uint32Array.of(rounded).buffer)[0];
}

describe("matrices of 8-bit floats with block scales", () => {
  it("read as each number times its block's scale, in bfloat16, whole or some rows", async () => {
    const stored = await openSafetensors(join(fixture, "model.safetensors"));
    const weights = await openWeights(fixture);
    const { bytes } = await stored.readRaw(NAME);
    const scales = await stored.readFloat32(`${NAME}_scale_inv`);
    const [rows, columns] = stored.info(NAME).shape;
    const expected = Float32Array.from({ length: rows * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const scale = scales[Math.floor(row / 128) * Math.ceil(columns / 128) + Math.floor(column / 128)];
      return toBfloat16(Math.fround(valueOf(bytes[i]) * scale));
    });
    expect(await weights.readFloat32(NAME)).toEqual(expected);
    expect(await weights.readFloat32(NAME, { start: 120, end: 140 })).toEqual(
      expected.subarray(120 * columns, 140 * columns),
    );
    const held = await weights.hold(NAME);
    expect(held.dtype).toBe("BF16");
    expect(new Uint16Array(held.bytes.buffer, held.bytes.byteOffset, 1)[0]).toBe(
      new Uint32Array(expected.buffer)[0] >>> 16,
    );
    held.release();
    await Promise.all([stored.close(), weights.close()]);
  });

  it("read to the same bits in the memory of every engine that has some", async () => {
    const plain = await openWeights(fixture);
    for (const { name, probe } of listEngines()) {
      if ((await probe()) !== null) continue;
      const { weightMemory } = await startEngine(name);
      const weights = await openWeights(fixture, { memory: weightMemory });
      for (const rows of [undefined, { start: 127, end: 131 }]) {
        const [own, portable] = [await weights.readRaw(NAME, rows), await plain.readRaw(NAME, rows)];
        expect(Buffer.compare(own.bytes, portable.bytes), name).toBe(0);
      }
      await weights.close();
    }
    await plain.close();
  });

  it("have no scales of their own, and are as long as bfloat16 is", async () => {
    const weights = await openWeights(fixture);
    expect(weights.names().filter((name) => name.endsWith("_scale_inv"))).toEqual([]);
    expect(weights.has(`${NAME}_scale_inv`)).toBe(false);
    expect(weights.info(NAME)).toMatchObject({ dtype: "BF16", shape: [272, 288], byteLength: 2 * 272 * 288 });
    await weights.close();
  });

  it("are refused where scales are not one a block", async () => {
    await writeSafetensors(join(folder, "model.safetensors"), [
      { name: "w", dtype: "F8_E4M3", shape: [130, 4], data: () => new Uint8Array(520) },
      { name: "w_scale_inv", dtype: "F32", shape: [1, 1], data: () => new Float32Array(1) },
    ]);
    const weights = await openWeights(folder);
    await expect(weights.readFloat32("w")).rejects.toThrow(
      'tensor "w_scale_inv": expected a scale for each block of 128 × 128, [2, 1], got [1, 1]',
    );
    await weights.close();
  });

  it("are refused where a scale is not finite, by its block", async () => {
    const scales = Float32Array.of(1, 2, 3, NaN, 5, 6);
    await writeSafetensors(join(folder, "model.safetensors"), [
      { name: "w", dtype: "F8_E4M3", shape: [130, 260], data: () => new Uint8Array(130 * 260) },
      { name: "w_scale_inv", dtype: "F32", shape: [2, 3], data: () => scales },
    ]);
    const weights = await openWeights(folder);
    for (const reading of [weights.readFloat32("w"), weights.holdBlockScaled!("w")]) {
      await expect(reading).rejects.toThrow(
        'tensor "w_scale_inv": expected scales that are finite, got NaN for the block 1, 0',
      );
    }
    await weights.close();
  });

  it("are held as they are stored, with a scale a block of each row", async () => {
    const weights = await openWeights(fixture);
    const stored = await openSafetensors(join(fixture, "model.safetensors"));
    const { codes, scales, release } = (await weights.holdBlockScaled!(NAME))!;
    expect(Buffer.compare(codes, (await stored.readRaw(NAME)).bytes)).toBe(0);
    const ofBlocks = await stored.readFloat32(`${NAME}_scale_inv`);
    const [rows] = stored.info(NAME).shape;
    expect(scales.length).toBe(rows * 3);
    for (const row of [0, 127, 128, rows - 1]) {
      const first = Math.floor(row / 128) * 3;
      expect(scales.subarray(3 * row, 3 * row + 3)).toEqual(ofBlocks.subarray(first, first + 3));
    }
    expect(await weights.holdBlockScaled!("model.norm.weight")).toBeNull();
    release();
    await Promise.all([stored.close(), weights.close()]);
  });
});
