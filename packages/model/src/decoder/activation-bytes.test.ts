import { listEngines, type Precision, startEngine, Tape, tensorMemory, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { DecoderConfig } from "../architectures/pre-norm-decoder/decoder-config.js";
import {
  type ActivationPlan,
  activationBytes,
  planCheckpointing,
  segmentLengths,
} from "./activation-bytes.js";
import type { LayerWeights } from "../architectures/architecture.js";
import { DenseLinear } from "./dense-linear.js";
import { EmbeddingTable } from "./embedding-table.js";
import { flatBatch } from "./flat-batch.js";
import type { Checkpointing } from "./checkpointing.js";
import { LanguageModel } from "./language-model.js";
import { heldLayers } from "./layer-provider.js";

const config: DecoderConfig = {
  architecture: "qwen2",
  hiddenSize: 64,
  intermediateSize: 224,
  layerCount: 8,
  headCount: 4,
  keyValueHeadCount: 2,
  headSize: 16,
  vocabularySize: 512,
  rmsNormEpsilon: 1e-6,
  rope: { theta: 1e4, scaling: null },
  maxPositions: 4096,
  tieWordEmbeddings: true,
  attentionBias: false,
  attentionOutputBias: false,
  mlpBias: false,
  queryKeyNorm: false,
  beginOfSequenceIds: [],
  endOfSequenceIds: [],
  padId: null,
  dtype: null,
};
const [rows, rowTokens] = [8, 256];
const planOf = (precision: Precision): ActivationPlan => ({
  tokens: rows * rowTokens,
  labels: rows * (rowTokens - 1),
  precision,
  adapted: new Set(),
  rank: 0,
});

describe("activationBytes", () => {
  it("falls with every layer that is computed again but for the last ones, which are so at once", () => {
    const bytes = Array.from({ length: 9 }, (_, layers) => activationBytes(config, planOf("fp32"), layers));
    const least = bytes.indexOf(Math.min(...bytes));
    expect(least).toBeGreaterThan(5);
    for (let layers = 1; layers <= least; layers++) expect(bytes[layers]).toBeLessThan(bytes[layers - 1]);
    expect(bytes[8]).toBeLessThan(bytes[least] * 1.1);
    expect(activationBytes(config, planOf("bf16"), 0)).toBeLessThan(bytes[0]);
  });

  it("chooses the fewest layers that fit", () => {
    const plan = planOf("bf16");
    const planFor = (budget: number) => planCheckpointing(config, plan, budget);
    let last = planFor(Infinity);
    expect(last).toMatchObject({ checkpointing: "none", recomputedLayers: 0, fits: true });
    for (;;) {
      expect(last.bytes).toBeGreaterThan(activationBytes(config, plan, last.recomputedLayers));
      expect(planFor(last.bytes)).toEqual(last);
      const next = planFor(last.bytes - 1);
      if (!next.fits) break;
      expect(next.recomputedLayers).toBeGreaterThan(last.recomputedLayers);
      last = next;
    }
    expect(last.recomputedLayers).toBeGreaterThan(5);
    expect(planFor(0)).toEqual({ ...last, fits: false });
  });

  it("counts gradients by when they come: those of earlier micro-batches throughout, else the most where few activations are left", () => {
    const most = 4 * config.vocabularySize * config.hiddenSize;
    const gradients = { head: most, embedding: most, layer: 1e6, all: most + 8e6, isAccumulated: false };
    const bytesOf = (more: object): number =>
      activationBytes(config, { ...planOf("bf16"), gradients: { ...gradients, ...more } }, 0);
    const without = activationBytes(config, planOf("bf16"), 0);
    const [first, later] = [bytesOf({}), bytesOf({ isAccumulated: true })];
    expect(first).toBeGreaterThan(without);
    expect(later).toBeGreaterThanOrEqual(without + gradients.all);
    expect(later).toBeLessThanOrEqual(first + gradients.all);
    // So many that only what is there at the end counts: all of them, and the tied embedding's part beside its sum.
    const [all, embedding] = [1e12, 1e11];
    const tokens = rows * rowTokens;
    expect(bytesOf({ all, embedding }) - all - embedding).toBe(tokens * config.hiddenSize * 4);
  });

  it.each([1, 2, 5, 24, 61])(
    "cuts %i layers into segments that shorten, and none that takes more",
    (count) => {
      for (const precision of ["fp32", "bf16"] as const) {
        const lengths = segmentLengths(config, precision, count);
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(count);
        // The last one takes what is left.
        for (let i = 1; i < lengths.length; i++) expect(lengths[i]).toBeLessThanOrEqual(lengths[i - 1]);
      }
    },
  );
});

const native = listEngines().find(({ name }) => name === "native")!;

/** Peaks only rise, so the cases are in ascending order. */
describe.skipIf((await native.probe()) !== null)("against the peak that a step has", () => {
  it.each([
    ["bf16", "block"],
    ["bf16", 4],
    ["bf16", "none"],
    ["fp32", "none"],
  ] as [Precision, Checkpointing][])("%s, %s", async (precision, checkpointing) => {
    await startEngine("native", precision);
    const gain: tf.Variable<tf.Rank.R1> = tf.variable(tf.ones<tf.Rank.R1>([config.hiddenSize]));
    const model = modelWith(gain);
    model.checkpointing = checkpointing;
    const before = tensorMemory().bytes;
    const ids = Int32Array.from({ length: rowTokens }, (_, i) => (i * 31) % config.vocabularySize);
    const batch = flatBatch(Array.from({ length: rows }, () => ({ inputIds: ids, labels: ids })));
    const tape = new Tape([gain]);
    const loss = withTape(tape, () => model.loss(batch));
    const one = tf.scalar(1);
    tape.backward(loss, one, () => undefined);
    tf.dispose([loss, one]);
    const measured = tensorMemory().peakBytes - before;
    const layers = checkpointing === "block" ? 8 : checkpointing === "none" ? 0 : checkpointing;
    const expected = activationBytes(config, planOf(precision), layers);
    expect(expected / measured).toBeGreaterThan(1);
    expect(expected / measured).toBeLessThan(1.3);
    expect(tensorMemory().bytes).toBe(before);
    model.dispose();
  });
});

/** A model in which gradients flow through every layer: what is watched is the first norm. */
function modelWith(firstNorm: tf.Tensor1D): LanguageModel {
  const { hiddenSize, intermediateSize, keyValueHeadCount, headSize, vocabularySize, layerCount } = config;
  const [keys, inner] = [keyValueHeadCount * headSize, intermediateSize];
  const linear = (...shape: [number, number]): DenseLinear =>
    new DenseLinear({ shape, weight: new Float32Array(shape[0] * shape[1]).fill(0.01), bias: null });
  const norm = (): tf.Tensor1D => tf.keep(tf.ones<tf.Rank.R1>([hiddenSize]));
  const layers = Array.from({ length: layerCount }, (_, index): LayerWeights => ({
    linears: {
      "self_attn.q_proj": linear(hiddenSize, hiddenSize),
      "self_attn.k_proj": linear(keys, hiddenSize),
      "self_attn.v_proj": linear(keys, hiddenSize),
      "self_attn.o_proj": linear(hiddenSize, hiddenSize),
      "mlp.gate_proj": linear(inner, hiddenSize),
      "mlp.up_proj": linear(inner, hiddenSize),
      "mlp.down_proj": linear(hiddenSize, inner),
    },
    fixed: {},
    vectors: {
      "input_layernorm.weight": index === 0 ? firstNorm : norm(),
      "post_attention_layernorm.weight": norm(),
    },
  }));
  return new LanguageModel(config, {
    embedding: new EmbeddingTable({
      format: "fp32",
      shape: [vocabularySize, hiddenSize],
      codes: new Float32Array(vocabularySize * hiddenSize).fill(0.1),
      scales: null,
    }),
    layers: heldLayers(layers),
    finalNorm: norm(),
    head: linear(vocabularySize, hiddenSize),
  });
}
