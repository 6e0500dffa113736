import { loadNativeKernels } from "@lathe/kernels";
import {
  type StoredWeights,
  openWeights,
  openSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from "@lathe/model";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dequantize } from "./dequantize.js";
import { nf4Tensors, readNf4 } from "./nf4-tensors.js";
import { quantize } from "./quantize.js";
import { seededNormals } from "./testing.js";

const fixture = fileURLToPath(new URL("../fixtures/nf4.safetensors", import.meta.url));
const STATE = ".quant_state.bitsandbytes__nf4";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nf4-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function withFixture<T>(use: (file: StoredWeights) => Promise<T>): Promise<T> {
  const file = await openSafetensors(fixture);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

const shapeIn = (file: StoredWeights, name: string): [number, number] => {
  const { shape } = file.info(`${name}.original`);
  return [shape[0], shape[1]];
};

describe("matrices quantised by another implementation, as bitsandbytes lays them out", () => {
  it.each(["float32", "bfloat16", "float16", "plain", "across_rows", "odd"])(
    "%s: stand for the same numbers, bit for bit",
    async (name) => {
      await withFixture(async (file) => {
        const shape = shapeIn(file, name);
        const { matrix, release } = await readNf4(file, `${name}.weight`, shape);
        expect(matrix.shape).toEqual(shape[1] % 64 === 0 ? shape : [1, shape[0] * shape[1]]);
        expect(dequantize(matrix)).toEqual(await file.readFloat32(`${name}.dequantised`));
        expect(matrix.nested === undefined).toBe(name === "plain");
        release();
      });
    },
  );

  it.each(["float32", "bfloat16", "float16", "plain"])(
    "%s: quantising here gives the same codes and scales",
    async (name) => {
      await withFixture(async (file) => {
        const shape = shapeIn(file, name);
        const { matrix } = await readNf4(file, `${name}.weight`, shape);
        const ours = quantize(await file.readFloat32(`${name}.original`), shape, "nf4");
        expect(ours.codes).toEqual(matrix.codes);
        if (name !== "plain") expect(ours.nested).toEqual(matrix.nested);
      });
    },
  );

  it.each(["float32", "bfloat16", "float16"])("%s: the tensors to write are the same", async (name) => {
    await withFixture(async (file) => {
      const shape = shapeIn(file, name);
      const { dtype } = file.info(`${name}.original`);
      const ours = quantize(await file.readFloat32(`${name}.original`), shape, "nf4");
      const tensors = nf4Tensors(shape, dtype);
      const stored = file.names().filter((other) => other.startsWith(`${name}.weight`));
      expect(tensors.map(({ suffix }) => `${name}.weight${suffix}`).sort()).toEqual(stored.sort());
      for (const { suffix, dtype: type, shape: axes, data } of tensors) {
        const { bytes, ...info } = await file.readRaw(`${name}.weight${suffix}`);
        const written = data(ours);
        expect(info.dtype).toBe(type);
        if (suffix === STATE) {
          const texts = [bytes, written].map((view) => Buffer.from(view as Uint8Array).toString());
          expect(JSON.parse(texts[1])).toEqual(JSON.parse(texts[0]));
          expect(axes).toEqual([written.length]);
          continue;
        }
        expect(info.shape).toEqual(axes);
        const own = Buffer.from(written.buffer, written.byteOffset, written.byteLength);
        expect(own.equals(bytes), suffix).toBe(true);
      }
    });
  });
});

describe("a linear in a file", () => {
  const shape = [6, 128] as const;
  const matrix = quantize(seededNormals(7)(6 * 128), shape, "nf4");
  const path = (): string => join(folder, "model.safetensors");

  async function write(
    change: (tensors: Map<string, TensorToWrite>) => void = () => undefined,
  ): Promise<void> {
    const tensors = nf4Tensors(shape, "BF16").map(
      ({ suffix, dtype, shape: axes, data }): [string, TensorToWrite] => [
        suffix,
        { name: `w${suffix}`, dtype, shape: axes, data: data(matrix) },
      ],
    );
    const named = new Map(tensors);
    change(named);
    await writeSafetensors(path(), [...named.values()]);
  }

  async function read(): Promise<ReturnType<typeof dequantize>> {
    const file = await openSafetensors(path());
    try {
      const stored = await readNf4(file, "w", shape);
      const weights = dequantize(stored.matrix);
      stored.release();
      return weights;
    } finally {
      await file.close();
    }
  }

  const state =
    (change: (json: Record<string, unknown>) => void) => (tensors: Map<string, TensorToWrite>) => {
      const old = tensors.get(STATE)!;
      const json = JSON.parse(Buffer.from(old.data as Uint8Array).toString()) as Record<string, unknown>;
      change(json);
      const data = Buffer.from(JSON.stringify(json));
      tensors.set(STATE, { ...old, shape: [data.length], data });
    };
  const part =
    (suffix: string, changed: Partial<TensorToWrite>) =>
    (tensors: Map<string, TensorToWrite>): void => {
      tensors.set(suffix, { ...tensors.get(suffix)!, ...changed });
    };

  it("comes back as it was written", async () => {
    await write();
    expect(await read()).toEqual(dequantize(matrix));
  });

  it("has a state of one length, whatever the offset is", () => {
    const { shape: axes, data } = nf4Tensors(shape, "F32").at(-1)!;
    for (const offset of [0, -1, 1 / 3, -1.2345678901234567e-38, 3.4028234663852886e38]) {
      const bytes = data({ codes: matrix.codes, nested: { ...matrix.nested!, offset } });
      expect(axes).toEqual([bytes.length]);
      expect(JSON.parse(Buffer.from(bytes as Uint8Array).toString())).toMatchObject({
        nested_offset: offset,
      });
    }
  });

  it.each<[string, (tensors: Map<string, TensorToWrite>) => void, string]>([
    ["blocks of 128", state((json) => (json["blocksize"] = 128)), "expected blocksize 64, got 128"],
    [
      "groups of 64",
      state((json) => (json["nested_blocksize"] = 64)),
      "expected nested_blocksize 256, got 64",
    ],
    ["another type", state((json) => (json["quant_type"] = "fp4")), 'expected quant_type "nf4", got "fp4"'],
    ["another shape", state((json) => (json["shape"] = [128, 6])), "expected shape [6,128], got [128,6]"],
    [
      "no offset",
      state((json) => delete json["nested_offset"]),
      "expected a finite nested_offset, got nothing",
    ],
    ["no state", (tensors) => tensors.delete(STATE), "expected a JSON object in UTF-8, got no such tensor"],
    [
      "a broken state",
      part(STATE, { shape: [2], data: Buffer.from("{]") }),
      'expected JSON with a key in double quotes at line 1, column 2, got "]"',
    ],
    ["a list as state", part(STATE, { shape: [2], data: Buffer.from("[]") }), "got another value"],
    [
      "a long state",
      part(STATE, { shape: [10_001], data: Buffer.alloc(10_001, " ") }),
      "at most 10000 bytes, got U8, 10001 bytes",
    ],
    [
      "no scales",
      (tensors) => tensors.delete(".absmax"),
      "expected U8, F32 of 12 elements, got no such tensor",
    ],
    ["too few scales", part(".absmax", { shape: [11], data: new Uint8Array(11) }), "got U8 of shape [11]"],
    [
      "too few codes",
      part("", { shape: [383, 1], data: new Uint8Array(383) }),
      "expected U8 of 384 elements",
    ],
    [
      "a scale of NaN",
      part(".nested_absmax", { data: Float32Array.of(NaN) }),
      "expected finite numbers, got NaN at 0",
    ],
    [
      "another code book",
      part(".quant_map", { data: Float32Array.from({ length: 16 }, (_, i) => i / 15) }),
      "expected the code book of nf4, -1 at 0, got 0",
    ],
    [
      "fp4",
      (tensors) => {
        const old = tensors.get(STATE)!;
        tensors.delete(STATE);
        tensors.set("fp4", { ...old, name: "w.quant_state.bitsandbytes__fp4" });
      },
      "expected weights in nf4, got weights in fp4, another code book",
    ],
  ])("with %s is refused", async (_what, change, message) => {
    await write(change);
    await expect(read()).rejects.toMatchObject({
      name: "WeightsError",
      message: expect.stringContaining(message) as string,
    });
  });

  const loaded = loadNativeKernels();
  it.skipIf(!("kernels" in loaded))("is used in place where the file is mapped", async () => {
    if (!("kernels" in loaded)) return;
    await write();
    const { kernels } = loaded;
    const before = kernels.memory();
    const weights = await openWeights(folder, { memory: kernels });
    const stored = await readNf4(weights, "w", shape);
    await weights.close();
    expect(kernels.memory().mappings).toBe(before.mappings + 1);
    expect(kernels.memory().mappedBytes).toBeGreaterThan(before.mappedBytes);
    expect(stored.matrix.nested!.codes.buffer).toBe(stored.matrix.codes.buffer);
    expect(dequantize(stored.matrix)).toEqual(dequantize(matrix));
    stored.release();
    stored.release();
    expect(kernels.memory().mappings).toBe(before.mappings);
    // A part that is refused leaves nothing mapped.
    await write(part(".nested_absmax", { data: Float32Array.of(Infinity) }));
    const faulty = await openWeights(folder, { memory: kernels });
    await expect(readNf4(faulty, "w", shape)).rejects.toThrow("got Infinity at 0");
    await faulty.close();
    expect(kernels.memory().mappings).toBe(before.mappings);
  });
});
