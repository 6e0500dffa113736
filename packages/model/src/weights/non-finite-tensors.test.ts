import { cp, mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nonFiniteTensors } from "./non-finite-tensors.js";
import { openWeights } from "./open-weights.js";
import { openSafetensors } from "./safetensors-file.js";
import { type Dtype, dtypeSizes } from "./tensor-info.js";
import { type TensorToWrite, writeSafetensors } from "./write-safetensors.js";

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "lathe-finite-"))));
afterAll(() => rm(folder, { recursive: true }));

/** Bits by the definitions of the types: IEEE 754, and OCP's 8-bit floats (arXiv:2209.05433, table 1). */
const types: readonly {
  readonly dtype: Dtype;
  /** Largest and smallest magnitudes, both zeros, and numbers of either sign. */
  readonly finite: readonly bigint[];
  readonly broken: readonly bigint[];
}[] = [
  { dtype: "F8_E4M3", finite: [0n, 0x80n, 0x7en, 0xfen, 0x01n, 0x78n], broken: [0x7fn, 0xffn] },
  { dtype: "F8_E5M2", finite: [0n, 0x80n, 0x7bn, 0xfbn, 0x01n], broken: [0x7cn, 0xfcn, 0x7dn, 0xffn] },
  { dtype: "F16", finite: [0n, 0x8000n, 0x7bffn, 0xfbffn, 0x0001n], broken: [0x7c00n, 0xfc00n, 0x7e00n] },
  { dtype: "BF16", finite: [0n, 0x8000n, 0x7f7fn, 0xff7fn, 0x0001n], broken: [0x7f80n, 0xff80n, 0x7fc0n] },
  {
    dtype: "F32",
    finite: [0n, 0x80000000n, 0x7f7fffffn, 0xff7fffffn, 0x00000001n],
    broken: [0x7f800000n, 0xff800000n, 0x7fc00000n, 0xffffffffn, 0x7f800001n],
  },
  {
    dtype: "F64",
    // The lower half alone may have any bits.
    finite: [0n, 0x8000000000000000n, 0x7fefffffffffffffn, 0x000000007ff00000n, 1n],
    broken: [0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000000000n, 0x7ff0000000000001n],
  },
];

function bytesOf(dtype: Dtype, elements: readonly bigint[]): Uint8Array<ArrayBuffer> {
  const size = dtypeSizes[dtype];
  const bytes = new Uint8Array(elements.length * size);
  for (const [index, element] of elements.entries()) {
    for (let byte = 0; byte < size; byte++)
      bytes[index * size + byte] = Number((element >> BigInt(8 * byte)) & 255n);
  }
  return bytes;
}

/** Names of tensors with a number that is not finite, in a folder with these in one file. */
async function foundIn(name: string, tensors: readonly TensorToWrite[]): Promise<string[]> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  await writeSafetensors(join(path, "model.safetensors"), tensors);
  const weights = await openWeights(path);
  try {
    return (await nonFiniteTensors(weights, () => true)).map(({ tensor }) => tensor);
  } finally {
    await weights.close();
  }
}

const seed = Date.now() % 100000;
let state = seed;
/** The next number below a limit, of a linear congruential generator (Numerical Recipes). */
function below(limit: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state % limit;
}

describe("tensors that are not finite", () => {
  it.each(types)("are told from finite ones bit by bit: $dtype", async ({ dtype, finite, broken }) => {
    const pattern = (length: number) => Array.from({ length }, () => finite[below(finite.length)]);
    const tensors = broken.map((bits, index): TensorToWrite => {
      const elements = pattern(15);
      elements[below(15)] = bits;
      return { name: `broken.${index}`, dtype, shape: [5, 3], data: bytesOf(dtype, elements) };
    });
    tensors.push({
      name: "finite",
      dtype,
      shape: [5, 3],
      data: bytesOf(dtype, [...finite, ...pattern(15 - finite.length)]),
    });
    tensors.push({ name: "scalar", dtype, shape: [], data: bytesOf(dtype, [broken[0]]) });
    tensors.push({ name: "empty", dtype, shape: [0, 3], data: new Uint8Array(0) });
    const expected = [...broken.map((_, index) => `broken.${index}`), "scalar"];
    expect((await foundIn(dtype, tensors)).sort(), `seed ${seed}`).toEqual(expected);
  });

  it("are found in any of the pieces that a tensor is read in, the last one too", async () => {
    const rows = 3 * 2 ** 20 + 5;
    for (const at of [0, 2 ** 20 - 1, 2 ** 20, rows - 1]) {
      const data = new Float32Array(rows).fill(1);
      data[at] = Infinity;
      expect(await foundIn("pieces", [{ name: "long", dtype: "F32", shape: [rows], data }])).toEqual([
        "long",
      ]);
    }
  });

  it("are not looked for in codes and whole numbers, whose bits all mean finite ones", async () => {
    const codes = (["I8", "U8", "I32", "I64", "BOOL"] as const).map((dtype): TensorToWrite => {
      return { name: dtype, dtype, shape: [2], data: new Uint8Array(2 * dtypeSizes[dtype]).fill(255) };
    });
    expect(await foundIn("codes", codes)).toEqual([]);
  });

  it("are named with the file of their shard, scales of 8-bit blocks by themselves", async () => {
    const fixture = fileURLToPath(new URL("../../fixtures/models/deepseek_v3_fp8", import.meta.url));
    const copy = join(folder, "fp8");
    await cp(fixture, copy, { recursive: true });
    const path = join(copy, "model.safetensors");
    const name = "model.layers.0.mlp.down_proj.weight";
    const file = await openSafetensors(path);
    const [codes, scales] = [name, `${name}_scale_inv`].map((each) => file.info(each));
    await file.close();
    const find = async () => {
      const weights = await openWeights(copy);
      return await nonFiniteTensors(weights, (tensor) => tensor.startsWith(name)).finally(() =>
        weights.close(),
      );
    };
    expect(await find()).toEqual([]);
    const handle = await open(path, "r+");
    await handle.write(Buffer.from(Float32Array.of(NaN).buffer), 0, 4, scales.byteOffset + 4);
    expect(await find()).toEqual([{ tensor: scales.name, path }]);
    await handle.write(Buffer.of(0xff), 0, 1, codes.byteOffset + 100);
    expect((await find()).map(({ tensor }) => tensor).sort()).toEqual([codes.name, scales.name]);
    await handle.close();

    const sharded = join(folder, "sharded");
    await mkdir(sharded);
    for (const [shard, value] of [
      ["a", 1],
      ["b", NaN],
    ] as const) {
      await writeSafetensors(join(sharded, `${shard}.safetensors`), [
        { name: shard, dtype: "F32", shape: [1], data: Float32Array.of(value) },
      ]);
    }
    const map = { weight_map: { a: "a.safetensors", b: "b.safetensors" } };
    await writeFile(join(sharded, "model.safetensors.index.json"), JSON.stringify(map));
    const weights = await openWeights(sharded);
    expect(await nonFiniteTensors(weights, () => true)).toEqual([
      { tensor: "b", path: join(sharded, "b.safetensors") },
    ]);
    expect(await nonFiniteTensors(weights, (tensor) => tensor === "a")).toEqual([]);
    await weights.close();
  });
});
