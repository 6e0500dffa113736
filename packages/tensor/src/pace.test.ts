import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { linear } from "./operations/linear.js";
import { attentionPace, headPace, productPace } from "./pace.js";
import { startEngine } from "./start-engine.js";
import { enginesHere } from "./testing.js";

describe.each(await enginesHere())("paces on %s", (name) => {
  it("are seconds above nothing, and leave nothing behind", async () => {
    const engine = await startEngine(name, "fp32");
    const weight: tf.Tensor2D = tf.fill([64, 64], 0.25);
    const before = tf.memory().numTensors;
    const project = (x: tf.Tensor2D): tf.Tensor2D => linear(x, weight, null, engine.weightLayout);
    const heads = { headCount: 4, keyValueHeadCount: 2, keySize: 8, valueSize: 8, scale: 1 };
    const paces = [
      productPace([64, 64], 16, project),
      productPace([64, 64], 16, project, weight),
      attentionPace(heads, 12, 2),
    ].flatMap(({ forward, backward }) => [forward, backward]);
    for (const seconds of [...paces, headPace([64, 64], 8, { project })]) {
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThan(0.1);
    }
    expect(tf.memory().numTensors).toBe(before);
    weight.dispose();
  });
});
