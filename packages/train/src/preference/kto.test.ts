import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import type { JudgedCompletion } from "./preference-rows.js";
import { kto } from "./kto.js";

beforeAll(() => startEngine("cpu"));

const row = (prompt: number, completion: number): JudgedCompletion => ({
  promptIds: new Int32Array(prompt).fill(1),
  completionIds: new Int32Array(completion).fill(2),
  label: true,
});

it("computes its estimate of the divergence in parts no larger than a micro-batch, of rows and of tokens", async () => {
  // As micro-batches by tokens are: many short rows, or few long ones.
  const short = Array.from({ length: 10 }, () => row(2, 2));
  const long = Array.from({ length: 5 }, () => row(20, 20));
  const parts: { readonly rows: number; readonly tokens: number }[] = [];
  const model = {
    labelLosses({ tokens, labels, spans }: { tokens: Int32Array; labels: Int32Array; spans: Int32Array }) {
      parts.push({ rows: (spans.length - 1) / 2, tokens: tokens.length });
      return tf.zeros<tf.Rank.R1>([labels.length]);
    },
  };
  const objective = kto(model, { beta: 0.1, pairing: "step", reference: () => 0 });
  await objective.batches([short, ...long.map((each) => [each])]);
  expect(parts.reduce((sum, { rows }) => sum + rows, 0)).toBe(15);
  expect(Math.max(...parts.map(({ tokens }) => tokens))).toBeLessThanOrEqual(40);
  expect(Math.max(...parts.map(({ rows }) => rows))).toBeLessThanOrEqual(10);
  expect(parts.length).toBeLessThan(8);
});
