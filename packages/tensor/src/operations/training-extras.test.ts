import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  crossEntropy,
  crossEntropyHead,
  embeddingNoise,
  linear,
  regularisedCrossEntropy,
  startEngine,
  Tape,
  withDropout,
  withTape,
} from "../index.js";
import { distance, enginesHere, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 2811);
const floats = seededFloats(SEED);
const targets = Int32Array.of(3, 0, 6);
const key = { seed: 1, step: 2, microBatch: 3 };

describe.each(await enginesHere())(`on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  describe("regularisedCrossEntropy", () => {
    it("is its definition, also where probabilities underflow", () => {
      const values = floats(21).map((value, i) => value * (i < 14 ? 3 : 400));
      const [labelSmoothing, zLoss] = [0.1, 1e-4];
      const expected = Array.from(targets, (target, row) => {
        const logits = [...values.subarray(row * 7, row * 7 + 7)];
        const largest = Math.max(...logits);
        const lse = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
        const mean = logits.reduce((sum, logit) => sum + (lse - logit), 0) / 7;
        return (1 - labelSmoothing) * (lse - logits[target]) + labelSmoothing * mean + zLoss * lse * lse;
      });
      const losses = regularisedCrossEntropy(tf.tensor2d(values, [3, 7]), targets, { labelSmoothing, zLoss });
      expect(distance(losses.dataSync(), expected)).toBeLessThan(1e-5);
    });

    it("is the plain cross-entropy where nothing is added", () => {
      const logits = tf.tensor2d(floats(21), [3, 7]);
      const plain = crossEntropy(logits, targets).dataSync();
      const settings = { labelSmoothing: 0, zLoss: 0 };
      expect(distance(regularisedCrossEntropy(logits, targets, settings).dataSync(), plain)).toBeLessThan(
        1e-6,
      );
    });

    it("names a target outside of the vocabulary, and logits of another number of rows", () => {
      const logits = tf.zeros<tf.Rank.R2>([1, 7]);
      const settings = { labelSmoothing: 0.1, zLoss: 0 };
      expect(() => regularisedCrossEntropy(logits, Int32Array.of(7), settings)).toThrow("target 7");
      expect(() => regularisedCrossEntropy(logits, targets, settings)).toThrow("logits [3, V]");
    });

    it("has a say in the head's loss while a tape is active alone", () => {
      const [hidden, weight] = [tf.tensor2d(floats(6), [3, 2]), tf.tensor2d(floats(14), [2, 7])];
      const head = { project: (rows: tf.Tensor2D) => linear(rows, weight) };
      const settings = { labelSmoothing: 0.3, zLoss: 0.1 };
      const lossOf = (): number => crossEntropyHead(hidden, targets, head, 7, 2, settings).dataSync()[0];
      const plain = crossEntropyHead(hidden, targets, head, 7, 2).dataSync()[0];
      expect(lossOf()).toBe(plain);
      const tape = new Tape([weight]);
      const expected = regularisedCrossEntropy(
        linear(hidden, weight),
        targets,
        settings,
      ).dataSync<"float32">();
      const total = expected.reduce((sum, loss) => sum + loss, 0);
      expect(withTape(tape, lossOf)).toBeCloseTo(total, 5);
      tape.dispose();
    });
  });

  describe("embeddingNoise", () => {
    it("is within ±α/√(L·h) of each row, the same for a key and another for the next step", () => {
      const x = tf.tensor2d(floats(60), [10, 6]);
      const segments = Int32Array.of(0, 2, 2, 10);
      const noiseOf = (step: number): Float32Array =>
        withDropout({ ...key, step }, () => {
          const noisy = embeddingNoise(x, 5, segments, "embedding").dataSync();
          const plain = x.dataSync();
          return Float32Array.from(noisy, (value, i) => value - plain[i]);
        });
      const noise = noiseOf(1);
      for (const [start, end] of [
        [0, 2],
        [2, 10],
      ]) {
        const bound = 5 / Math.sqrt((end - start) * 6);
        const sizes = noise.subarray(start * 6, end * 6).map(Math.abs);
        expect(Math.max(...sizes)).toBeLessThan(bound * 1.0001);
        expect(Math.max(...sizes)).toBeGreaterThan(bound * 0.7);
      }
      expect(noiseOf(1)).toEqual(noise);
      expect(noiseOf(2)).not.toEqual(noise);
    });

    it("is none outside of training and where none is asked for", () => {
      const x = tf.tensor2d(floats(6), [3, 2]);
      const segments = Int32Array.of(0, 3);
      expect(embeddingNoise(x, 5, segments, "embedding")).toBe(x);
      expect(withDropout(null, () => embeddingNoise(x, 5, segments, "embedding"))).toBe(x);
      expect(withDropout(key, () => embeddingNoise(x, 0, segments, "embedding"))).toBe(x);
    });
  });
});
