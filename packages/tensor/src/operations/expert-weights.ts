import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

/** How the scores of a router become the weights of the experts that a token goes to. */
export interface ExpertWeighting {
  /** Of the logits: each by itself, or over all experts. */
  readonly scoring: "sigmoid" | "softmax";
  /** Whether the weights of a token are divided by their sum. */
  readonly isNormalised: boolean;
  /** Multiplies all weights at last. */
  readonly factor: number;
}

interface Attributes extends ExpertWeighting {
  /** [N, k] expert numbers, row-major. */
  readonly chosen: Int32Array;
}

/** Keeps a sum of sigmoids that all underflow from being divided by, as Transformers does. */
const SMALLEST_SUM = 1e-20;

/**
 * Scores of rows of logits [N, E].
 * @returns [N, E]
 */
export function expertScores(
  logits: Float32Array,
  experts: number,
  scoring: ExpertWeighting["scoring"],
): Float32Array {
  const scores = new Float32Array(logits.length);
  if (scoring === "sigmoid") return scores.map((_, i) => 1 / (1 + Math.exp(-logits[i])));
  for (let start = 0; start < logits.length; start += experts) {
    const row = logits.subarray(start, start + experts);
    const largest = row.reduce((most, logit) => Math.max(most, logit), -Infinity);
    let sum = 0;
    for (let e = 0; e < experts; e++) sum += Math.exp(row[e] - largest);
    for (let e = 0; e < experts; e++) scores[start + e] = Math.exp(row[e] - largest) / sum;
  }
  return scores;
}

function sumsOf(
  picked: Float32Array,
  rows: number,
  { scoring, isNormalised }: ExpertWeighting,
): Float64Array {
  const sums = new Float64Array(rows).fill(1);
  if (!isNormalised) return sums;
  const top = picked.length / rows;
  return sums.map((_, n) => {
    let sum = scoring === "sigmoid" ? SMALLEST_SUM : 0;
    for (let k = 0; k < top; k++) sum += picked[n * top + k];
    return sum;
  });
}

/** On the host: a router has as many numbers a token as experts, few beside what the experts compute. */
export const expertWeightsOperation: Operation<Attributes> = {
  name: "expertWeights",
  forward([logits], attributes, needed) {
    const { chosen, scoring, factor } = attributes;
    const [rows, experts] = logits.shape as [number, number];
    const scores = expertScores(logits.dataSync() as Float32Array, experts, scoring);
    const top = chosen.length / rows;
    const picked = Float32Array.from(chosen, (expert, i) => scores[Math.floor(i / top) * experts + expert]);
    const sums = sumsOf(picked, rows, attributes);
    const weights = picked.map((score, i) => (score / sums[Math.floor(i / top)]) * factor);
    return { output: tf.tensor1d(weights), saved: needed[0] ? [logits] : [] };
  },
  pullback(gradient, [saved], attributes) {
    const { chosen, scoring, factor, isNormalised } = attributes;
    const logits = saved as tf.Tensor;
    const [rows, experts] = logits.shape as [number, number];
    const scores = expertScores(logits.dataSync() as Float32Array, experts, scoring);
    const top = chosen.length / rows;
    const given = gradient.dataSync() as Float32Array;
    const picked = Float32Array.from(chosen, (expert, i) => scores[Math.floor(i / top) * experts + expert]);
    const sums = sumsOf(picked, rows, attributes);
    const dScores = new Float64Array(logits.size);
    for (let n = 0; n < rows; n++) {
      // Of w = f s / Σ s: dsⱼ = f (gⱼ − Σ gₖ sₖ / Σ s) / Σ s.
      let mean = 0;
      if (isNormalised) {
        for (let k = 0; k < top; k++) mean += (given[n * top + k] * picked[n * top + k]) / sums[n];
      }
      for (let k = 0; k < top; k++) {
        dScores[n * experts + chosen[n * top + k]] += (factor * (given[n * top + k] - mean)) / sums[n];
      }
    }
    const dLogits = new Float32Array(logits.size);
    for (let n = 0; n < rows; n++) {
      const [start, end] = [n * experts, (n + 1) * experts];
      let mean = 0;
      if (scoring === "softmax") for (let i = start; i < end; i++) mean += dScores[i] * scores[i];
      for (let i = start; i < end; i++) {
        dLogits[i] =
          scoring === "softmax" ? scores[i] * (dScores[i] - mean) : dScores[i] * scores[i] * (1 - scores[i]);
      }
    }
    return [tf.tensor2d(dLogits, [rows, experts])];
  },
};

/**
 * Weights of the experts that tokens were sent to. The choice itself has no gradient, the weights have.
 *
 * Axes: N tokens, E experts, k experts a token.
 * @param logits [N, E] of the router   @param chosen [N, k] expert numbers, row-major
 * @returns [N · k] in the order of `chosen`, owned by the caller
 * @throws ShapeError
 */
export function expertWeights(
  logits: tf.Tensor2D,
  chosen: Int32Array,
  weighting: ExpertWeighting,
): tf.Tensor1D {
  const [rows, experts] = logits.shape;
  const fits = chosen.length % rows === 0 && chosen.every((expert) => expert >= 0 && expert < experts);
  if (logits.rank !== 2 || !fits) {
    throw new ShapeError("expertWeights", `logits [N, E] for choices of ${chosen.length}`, logits.shape);
  }
  return apply(expertWeightsOperation, [logits], { chosen, ...weighting }) as tf.Tensor1D;
}
