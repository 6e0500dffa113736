import * as tf from "@tensorflow/tfjs-core";
import { startEngine } from "@lathe/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { namedOptimiser, optimizerNames } from "./named-optimiser.js";
import { optimiserBytes } from "./optimiser-bytes.js";
import { trainDefaults } from "./train-config.js";

describe("optimiserBytes", () => {
  beforeAll(async () => {
    await startEngine("cpu");
  });

  it("takes 8 bytes a number of a large matrix, 2 and its blocks' scales, next to none, or none", () => {
    const shape = [2048, 1024];
    const perNumber = optimizerNames.map((name) => optimiserBytes(name, shape) / (2048 * 1024));
    // Two floats; two bytes and two scales a block of 256; a float a row and a column; nothing.
    expect(perNumber).toEqual([8, 2 + (2 * 4) / 256, (4 * (2048 + 1024)) / (2048 * 1024), 0]);
  });

  it.each(optimizerNames)("%s: as many as its state has", (optimizer) => {
    for (const shape of [[7], [5000], [3, 11], [64, 100]]) {
      const variable = tf.variable(tf.ones(shape));
      const optimiser = namedOptimiser({ ...trainDefaults, optimizer })([{ name: "w", variable }]);
      const bytes = optimiser
        .state()
        .filter(({ name }) => !name.endsWith(".step"))
        .reduce((sum, { name, values }) => sum + values.length * (name.endsWith(".codes") ? 1 : 4), 0);
      expect(optimiserBytes(optimizer, shape), String(shape)).toBe(bytes);
      optimiser.dispose();
      variable.dispose();
    }
  });
});
