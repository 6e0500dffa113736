import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { listEngines, startEngine } from "../../index.js";
import { seededFloats } from "../../testing.js";
import type { NativeBackend } from "./native-backend.js";

const native = listEngines().find(({ name }) => name === "native")!;

describe.skipIf((await native.probe()) !== null)("tf.fill", () => {
  beforeAll(async () => {
    await startEngine("native", "fp32");
  });

  it("fills memory of the pool, and gives it back", () => {
    const before = tf.memory().numBytes;
    const filled = tf.fill([2, 3], 1.5, "float32");
    expect((tf.backend() as NativeBackend).isExclusive(filled)).toBe(true);
    expect(filled.shape).toEqual([2, 3]);
    expect([...filled.dataSync()]).toEqual(Array(6).fill(1.5));
    filled.dispose();
    expect(tf.memory().numBytes).toBe(before);
  });

  it("leaves other types to the general kernel", () => {
    for (const [value, dtype] of [
      [3, "int32"],
      [1, "bool"],
      ["a", "string"],
    ] as const) {
      const filled = tf.fill([2], value, dtype);
      expect(filled.dtype).toBe(dtype);
      expect([...filled.dataSync()]).toEqual([value, value]);
      filled.dispose();
    }
  });
});

describe.skipIf((await native.probe()) !== null)("matrices cut, joined and reordered", () => {
  const SEED = Number(process.env["TEST_SEED"] ?? 518);
  const results = (): number[][] =>
    tf.tidy(() => {
      const floats = seededFloats(SEED);
      const all: tf.Tensor[] = [];
      for (const [rows, columns] of [
        [1, 2],
        [5, 7],
        [3, 100],
      ]) {
        const x = tf.tensor2d(floats(rows * columns), [rows, columns]);
        const halves = tf.split(x, [columns >> 1, columns - (columns >> 1)], 1);
        all.push(...halves, ...tf.split(x, [rows], 0), tf.concat([x, halves[0]], 1), tf.concat([x, x], 0));
        all.push(tf.gather(x, tf.tensor1d([columns - 1, 0, columns - 1], "int32"), 1));
        if (rows > 1) all.push(...tf.split(x, [1, rows - 1], 0));
      }
      return all.map((one) => [...one.shape, ...one.dataSync()]);
    });

  it(`are what the general kernels give (seed ${SEED})`, async () => {
    await startEngine("native", "fp32");
    const actual = results();
    await startEngine("cpu", "fp32");
    expect(actual).toEqual(results());
  });
});
