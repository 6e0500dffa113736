/** Numbers of tensors in parts: the same, in memory of one bucket, and in the same file as in one. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "@lathe/model";
import { listEngines, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUCKET_VALUES } from "./buckets.js";
import { tensorPart, tensorValues } from "./tensor-part.js";
import { variablePieces } from "./variable-pieces.js";

const probed = await Promise.all(
  listEngines().map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);
const engines = probed.filter((name) => name !== null);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-pieces-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(engines)("on %s", (engine) => {
  it.each([[0], [1], [BUCKET_VALUES - 1], [BUCKET_VALUES], [BUCKET_VALUES + 1], [2 * BUCKET_VALUES + 3]])(
    "%i numbers come in their order, in one bucket's memory, and make the same file",
    async (count) => {
      await startEngine(engine, "fp32");
      const right = Float32Array.from({ length: count }, (_, place) => Math.sin(place));
      const tensor = tf.tensor1d(right);
      const memories = new Set<ArrayBufferLike>();
      const given = new Float32Array(count);
      let place = 0;
      for (const piece of variablePieces(tensor)) {
        expect(piece.length).toBeLessThanOrEqual(BUCKET_VALUES);
        memories.add(piece.buffer);
        given.set(piece, place);
        place += piece.length;
      }
      expect(place).toBe(count);
      expect(memories.size).toBe(Math.min(count, 1));
      expect(Buffer.from(given.buffer).equals(Buffer.from(right.buffer))).toBe(true);

      const state = tensorValues("numbers", tensor);
      expect(Buffer.from(state.values.buffer as ArrayBuffer).equals(Buffer.from(right.buffer))).toBe(true);
      const file = `${engine}-${count}.safetensors`;
      await tensorPart(file, { state: () => [state], restore: () => Promise.resolve() }).save(folder);
      const whole = join(folder, "whole.safetensors");
      await writeSafetensors(whole, [{ name: "numbers", dtype: "F32", shape: [count], data: right }]);
      const [written, expected] = await Promise.all(
        [join(folder, file), whole].map((path) => readFile(path)),
      );
      expect(written.equals(expected)).toBe(true);
      tensor.dispose();
    },
  );
});
