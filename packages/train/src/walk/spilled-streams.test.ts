/** Streams on the disk against streams in memory: the same bits, or those of a stream that is rounded. */
import { type FileHandle, mkdtemp, open, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bfloat16ToFloat32, float32ToBfloat16 } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { FullDisk } from "../../../files/testing/full-disk.js";
import { SpilledStreams, UNWRITTEN_BYTES } from "./spilled-streams.js";

let folder: string;
let path: string;
beforeAll(async () => {
  await startEngine("auto", "fp32");
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-spill-"));
  path = join(folder, "streams");
});
afterEach(() => rm(folder, { recursive: true }));

/** Numbers that bfloat16 rounds, with those that are none. */
const numbers = (rows: number, seed: number): Float32Array =>
  Float32Array.from({ length: rows * 6 }, (_, i) =>
    i === 3 ? NaN : i === 4 ? -Infinity : Math.sin(seed + i) * 3 ** (i % 7),
  );

const rounded = (values: Float32Array): Float32Array => bfloat16ToFloat32(float32ToBfloat16(values));

async function kept(store: SpilledStreams, layer: number, batch: number): Promise<Float32Array> {
  const x = store.entering(tf.tensor2d(numbers(batch + 2, 10 * layer + batch), [batch + 2, 6]));
  const values = x.dataSync<"float32">().slice();
  await store.keep(layer, batch, x);
  x.dispose();
  return values;
}

/** What all files of this process are read and written by. */
async function fileHandles(): Promise<FileHandle> {
  const probe = await open(join(folder, "probe"), "w");
  await probe.close();
  return Object.getPrototypeOf(probe) as FileHandle;
}

describe.each(["fp32", "bf16"] as const)("SpilledStreams in %s", (format) => {
  it("gives back what went into the layers, in whatever order it is taken, step after step", async () => {
    const before = tf.memory().numTensors;
    const store = new SpilledStreams(path, format);
    for (let step = 0; step < 2; step++) {
      const expected = new Map<string, Float32Array>();
      for (let layer = 0; layer < 3; layer++) {
        for (let batch = 0; batch < 3; batch++) {
          expected.set(`${layer}/${batch}`, await kept(store, layer, batch));
          const values = numbers(batch + 2, 10 * layer + batch);
          expect(expected.get(`${layer}/${batch}`)).toEqual(format === "fp32" ? values : rounded(values));
        }
      }
      await store.forget(2, 2);
      await expect(store.take(2, 2)).rejects.toThrow("no stream of batch 2 before layer 2");
      const order = [
        [2, 0],
        [2, 1],
        [1, 0],
        [1, 1],
        [1, 2],
        [0, 2],
        [0, 0],
      ];
      for (const [layer, batch] of order) {
        const x = await store.take(layer, batch);
        expect(x.shape).toEqual([batch + 2, 6]);
        expect(x.dataSync()).toEqual(expected.get(`${layer}/${batch}`));
        x.dispose();
      }
      await store.clear();
      await expect(store.take(0, 1)).rejects.toThrow("no stream");
    }
    expect(tf.memory().numTensors).toBe(before);
    // The file begins anew with every step.
    const bytes = { fp32: 4, bf16: 2 }[format];
    expect(store.bytesWritten).toBe(2 * 3 * (2 + 3 + 4) * 6 * bytes);
    await store.close();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("SpilledStreams", () => {
  it("waits for the disk where much waits for it", async () => {
    const store = new SpilledStreams(path, "fp32");
    const rows = UNWRITTEN_BYTES / 4 / 1024 / 4;
    const x: tf.Tensor2D = tf.ones([rows, 1024]);
    for (let batch = 0; batch < 9; batch++) {
      await store.keep(0, batch, x);
      // The newest stream waits beside those.
      expect(store.bytesWritten).toBeGreaterThanOrEqual(batch * x.size * 4 - UNWRITTEN_BYTES);
    }
    x.dispose();
    await store.close();
  });

  it("is cleared once nothing is being written any more, of forgotten streams neither", async () => {
    const store = new SpilledStreams(path, "fp32");
    const handles = await fileHandles();
    let giveUp: (error: Error) => void;
    const stuck = new Promise<never>((_, reject) => (giveUp = reject));
    vi.spyOn(handles, "write").mockImplementationOnce(() => stuck);
    try {
      await kept(store, 0, 0);
      await kept(store, 0, 1);
      await store.forget(0, 0);
      let isCleared = false;
      const cleared = store.clear().then(() => (isCleared = true));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(isCleared).toBe(false);
      giveUp!(new Error("given up"));
      await cleared;
    } finally {
      vi.restoreAllMocks();
    }
    await store.close();
  });

  it("makes no file where nothing is kept", async () => {
    const store = new SpilledStreams(path, "bf16");
    await store.clear();
    await store.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it("names the file where the disk is full or the file was cut, and works again once there is space", async () => {
    const store = new SpilledStreams(path, "fp32");
    const disk = await FullDisk.start(folder, 1);
    try {
      await kept(store, 0, 0);
      await expect(store.take(0, 0)).rejects.toThrow(
        `${path}: cannot be written: no space is left on the device`,
      );
    } finally {
      disk.stop();
    }
    await store.clear();
    const values = await kept(store, 0, 0);
    const x = await store.take(0, 0);
    expect(x.dataSync()).toEqual(values);
    x.dispose();
    await kept(store, 0, 1);
    await kept(store, 0, 2);
    (await store.take(0, 1)).dispose();
    await store.clear();
    await kept(store, 0, 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await truncate(path, 5);
    await expect(store.take(0, 0)).rejects.toThrow(`${path}: was cut by another program while it was in use`);
    await store.close();
  });

  it("names the file that the disk fails to read, and works again once it does not", async () => {
    const store = new SpilledStreams(path, "bf16");
    const handles = await fileHandles();
    await kept(store, 0, 0);
    const fault = Object.assign(new Error("EIO: i/o error, read"), { code: "EIO", syscall: "read" });
    vi.spyOn(handles, "read").mockRejectedValue(fault);
    try {
      await expect(store.take(0, 0)).rejects.toThrow(`${path}: cannot be read: the device failed`);
    } finally {
      vi.restoreAllMocks();
    }
    await store.clear();
    const values = await kept(store, 0, 0);
    const x = await store.take(0, 0);
    expect(x.dataSync()).toEqual(values);
    x.dispose();
    await store.close();
  });

  it("says so where its folder is gone", async () => {
    const store = new SpilledStreams(join(folder, "none", "streams"), "fp32");
    await kept(store, 0, 0);
    await expect(store.take(0, 0)).rejects.toThrow("cannot be written");
    await store.close();
  });
});
