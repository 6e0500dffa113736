import { startEngine } from "@lathe/tensor";
import { optimizerNames } from "@lathe/train";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { measureOptimiser } from "./measure-optimiser.js";

beforeAll(async () => {
  await startEngine("cpu");
});

it.each(optimizerNames)(
  "%s: counts the bytes that a plan counts, and leaves no tensor behind",
  async (name) => {
    const before = tf.memory().numTensors;
    const shapes = [[96, 64], [64]];
    const outcome = await measureOptimiser(name, shapes, { warmUp: 1, repeats: 3 });
    expect(tf.memory().numTensors).toBe(before);
    expect(outcome.parameters).toBe(96 * 64 + 64);
    expect(outcome.stateBytes).toBe(outcome.plannedBytes);
    expect(outcome.bytesPerParameter).toBe(outcome.stateBytes / outcome.parameters);
    expect(outcome.clock.repeats).toBe(3);
    expect(outcome.processor.repeats).toBe(3);
  },
);
