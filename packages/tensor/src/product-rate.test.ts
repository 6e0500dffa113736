import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { productRate } from "./product-rate.js";
import { startEngine } from "./start-engine.js";
import { enginesHere } from "./testing.js";

it.each(await enginesHere())("is a rate on %s, and leaves nothing behind", async (name) => {
  const engine = await startEngine(name, "fp32");
  const before = tf.memory().numTensors;
  const rate = productRate(engine, 64);
  expect(rate).toBeGreaterThan(1e6);
  expect(rate).toBeLessThan(1e14);
  expect(tf.memory().numTensors).toBe(before);
});
