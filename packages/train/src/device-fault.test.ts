import { asPhrase, sayPhrase } from "@lathe/files";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeviceError, fromTfjs, installedBinding, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LabelledBatch, LabelledRow } from "@lathe/model";
import { RunFolder, supervised, train, type TrainOptions } from "./index.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-device-fault-"));
});
afterEach(() => rm(folder, { recursive: true }));

const rows = Array.from({ length: 12 }, (_, i) => ({
  inputIds: Int32Array.of(i, 1),
  labels: Int32Array.of(-100, 1),
}));
const installed = installedBinding();
const skips = "reason" in installed ? installed.reason : null;

/** Asks the device for more than any has, or stands in for one that does. */
const faults: Record<string, () => never> = {
  cpu() {
    throw new DeviceError("device lost", "MatMul", "the card was lost during MatMul");
  },
  tensorflow() {
    tf.fill([1 << 20, 1 << 21], 0);
    throw new Error("expected no device to have 8 TiB");
  },
};

describe.each(Object.keys(faults))("a fault of the device in the middle of a step, on %s", (engine) => {
  it.skipIf(engine === "tensorflow" && skips !== null)(
    `ends the run with its cause, keeps the last complete step, and the run goes on from there${skips === null ? "" : ` (tensorflow skipped: ${sayPhrase(asPhrase(skips))})`}`,
    async () => {
      await startEngine(engine, "fp32");
      const weight = tf.variable(tf.tensor1d([3, -2]));
      const square = fromTfjs((x) => tf.sum(tf.square(x)));
      let calls = 0;
      const options = (
        run: RunFolder,
        faultAt: number,
        resume = false,
      ): TrainOptions<LabelledRow, LabelledBatch> => ({
        parameters: [{ name: "weight", variable: weight }],
        objective: supervised({
          loss() {
            const loss = square(weight) as tf.Scalar;
            if (++calls === faultAt) {
              loss.dispose();
              faults[engine]();
            }
            return loss;
          },
        }),
        rows: { length: rows.length, row: (index) => rows[index] },
        config: { batchSize: 1, gradientAccumulation: 2, epochs: 1, learningRate: 0.1, saveEvery: 2 },
        run,
        resume,
      });
      const follow = async (given: TrainOptions<LabelledRow, LabelledBatch>): Promise<number[]> => {
        const losses: number[] = [];
        for await (const { loss } of train(given)) losses.push(loss);
        return losses;
      };
      const whole = await follow(options(await RunFolder.create(join(folder, "whole")), 0));
      const expected = [...weight.dataSync()];

      weight.assign(tf.tensor1d([3, -2]));
      calls = 0;
      const path = join(folder, "broken");
      const run = await RunFolder.create(path);
      const before = tf.memory().numTensors;
      // The second micro-batch of step 4, whose first has left gradients behind.
      await expect(follow(options(run, 8))).rejects.toThrow(DeviceError);
      expect(tf.memory().numTensors).toBe(before);
      // The run was to save after every second step; what ended it leaves the step before as well.
      expect(await run.checkpointSteps()).toEqual([2, 3]);

      weight.assign(tf.tensor1d([100, 100]));
      const rest = await follow(options(await RunFolder.open(path), 0, true));
      expect(rest).toEqual(whole.slice(3));
      expect([...weight.dataSync()]).toEqual(expected);
      weight.dispose();
    },
  );
});
