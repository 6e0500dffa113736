import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { listEngines, startEngine } from "../../index.js";
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
