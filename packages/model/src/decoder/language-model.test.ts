import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  listEngines,
  multiplyRows,
  type Precision,
  startEngine,
  Tape,
  valueAndGradients,
  withTape,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadTokenizer } from "../tokenizer/load-tokenizer.js";
import { generate, type LabelledBatch, type LanguageModel, loadModel, openSafetensors } from "../index.js";

const fixtures = new URL("../../fixtures/", import.meta.url);
const folder = (name: string): string => fileURLToPath(new URL(name, fixtures));
const json = async <T>(path: string): Promise<T> => JSON.parse(await readFile(folder(path), "utf8")) as T;

/** Recorded by Transformers 5.18 and PyTorch 2.13 in float32; see fixtures/README.md. */
interface Expected {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly labels: number[][];
  readonly loss: number;
  readonly greedy_prompt: number[];
  readonly greedy_tokens: number[];
}

function unpadded(expected: Expected): LabelledBatch {
  const lengths = expected.attention_mask.map((mask) => mask.filter((one) => one === 1).length);
  const segments = Int32Array.of(0, ...lengths);
  for (let s = 1; s < segments.length; s++) segments[s] += segments[s - 1];
  const cut = (rows: number[][]): Int32Array =>
    Int32Array.from(rows.flatMap((row, index) => row.slice(0, lengths[index])));
  return { tokens: cut(expected.input_ids), labels: cut(expected.labels), segments };
}

async function continued(
  model: LanguageModel,
  prompts: number[][],
  maxNewTokens: number,
): Promise<number[][]> {
  const ids: number[][] = prompts.map(() => []);
  for await (const { sequence, id } of generate(model, prompts, {
    maxNewTokens,
    stopIds: [],
    cache: "fp32",
  }))
    ids[sequence].push(id);
  return ids;
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

/** Multiplies the outputs of the first linear by a variable. */
function withGain(model: LanguageModel): {
  readonly gain: tf.Variable<tf.Rank.R1>;
  readonly remove: () => void;
} {
  const { path, linear: base } = model.linears()[0];
  const gain = tf.variable(tf.randomUniform<tf.Rank.R1>([base.shape[0]], 0.5, 1.5, "float32", 7));
  model.replaceLinear(path, {
    shape: base.shape,
    forward: (x) => multiplyRows(base.forward(x), gain),
    denseWeight: () => base.denseWeight(),
    denseBias: () => base.denseBias(),
    dispose: () => undefined,
  });
  return { gain, remove: () => model.replaceLinear(path, base) };
}

/** How far results may be from those of Transformers in float32: elements of logits and states, and losses relatively. */
interface Tolerance {
  readonly elements: number;
  readonly loss: number;
}

const float32: Tolerance = { elements: 2e-4, loss: 1e-5 };
const half: Tolerance = { elements: 2e-2, loss: 2e-3 };
const bfloat16: Tolerance = { elements: 3e-2, loss: 5e-3 };

const runsHere = async (engine: string): Promise<boolean> =>
  (await listEngines()
    .find(({ name }) => name === engine)!
    .probe()) === null;
const isNative = await runsHere("native");
const settings: [engine: string, precision: Precision, Tolerance][] = [
  ["wasm", "fp32", float32],
  ["cpu", "fp32", float32],
  ...(isNative
    ? ([
        ["native", "fp32", float32],
        ["native", "bf16", bfloat16],
      ] as [string, Precision, Tolerance][])
    : []),
  ...((await runsHere("tensorflow"))
    ? ([
        ["tensorflow", "fp32", float32],
        ["tensorflow", "fp16", half],
      ] as [string, Precision, Tolerance][])
    : []),
];

describe.each(settings)("on %s in %s", (engine, precision, tolerance) => {
  beforeAll(() => startEngine(engine, precision));

  describe.each([
    "qwen2",
    "llama",
    "qwen3",
    "qwen3_moe",
    "deepseek_v3",
    "deepseek_v3_lite",
    "deepseek_v3_fp8",
    "glm4_moe_lite",
  ])("%s against Transformers", (name) => {
    let model: LanguageModel;
    let expected: Expected;
    beforeAll(async () => {
      expected = await json<Expected>(`models/${name}/expected.json`);
      model = await loadModel(folder(`models/${name}`));
    });
    afterAll(() => model.dispose());

    it("gives the hidden states before each layer and after the final norm, and the logits", async () => {
      const batch = unpadded(expected);
      const file = await openSafetensors(folder(`models/${name}/expected.safetensors`));
      const rowLength = batch.segments[1];
      const compare = async (tensor: string, actual: tf.Tensor2D, start: number): Promise<number> => {
        const wanted = await file.readFloat32(tensor);
        const width = actual.shape[1];
        return largestDifference(
          actual.dataSync().subarray(start * width, start * width + wanted.length),
          wanted,
        );
      };
      const residuals: tf.Tensor2D[] = [];
      const hidden = model.hiddenStates(batch, { onResidual: (_layer, x) => residuals.push(x.clone()) });
      const logits = model.project(hidden);
      for (const [layer, residual] of [...residuals, hidden].entries()) {
        expect(await compare(`hidden_${layer}`, residual, 0), `hidden_${layer}`).toBeLessThan(
          tolerance.elements,
        );
      }
      expect(await compare("logits_row0", logits, 0)).toBeLessThan(tolerance.elements);
      expect(await compare("logits_row1_valid", logits, rowLength)).toBeLessThan(tolerance.elements);
      tf.dispose([...residuals, hidden, logits]);
      await file.close();
    });

    it("gives the loss", () => {
      const batch = unpadded(expected);
      const loss = model.loss(batch);
      const labels = model.tokenLosses(batch);
      const mean = loss.dataSync()[0] / labels.length;
      expect(Math.abs(mean - expected.loss) / expected.loss).toBeLessThan(tolerance.loss);
      expect(labels.reduce((a, b) => a + b, 0) / labels.length).toBeCloseTo(mean, 5);
      loss.dispose();
    });

    it("continues greedily with the same tokens, alone and in a batch with another prompt", async () => {
      const length = expected.greedy_tokens.length;
      const [alone] = await continued(model, [expected.greedy_prompt], length);
      expect(alone).toEqual(expected.greedy_tokens);
      const [other, together] = await continued(
        model,
        [expected.input_ids[0], expected.greedy_prompt],
        length,
      );
      expect(together).toEqual(alone);
      expect(other).toHaveLength(length);
    });

    it("gives the same loss and gradients when layers are run again instead of kept", () => {
      const batch = unpadded(expected);
      const { gain, remove } = withGain(model);
      const results = (["none", "block"] as const).map((checkpointing) => {
        model.checkpointing = checkpointing;
        const before = tf.memory().numTensors;
        const { value, gradients } = valueAndGradients(() => model.loss(batch), [gain]);
        expect(tf.memory().numTensors - before).toBe(2);
        return [value.dataSync()[0], ...gradients[0]!.dataSync()];
      });
      model.checkpointing = "none";
      remove();
      expect(results[1]).toEqual(results[0]);
      expect(results[0].slice(1).some((gradient) => gradient !== 0)).toBe(true);
    });

    it("adds up over labels, whether the last layer leaves rows without labels out or not", () => {
      const whole = unpadded(expected);
      const some = (isWanted: (i: number) => boolean): LabelledBatch => ({
        ...whole,
        labels: whole.labels.map((label, i) => (isWanted(i) ? label : -100)),
      });
      const { gain, remove } = withGain(model);
      const sumsOf = (batch: LabelledBatch): number[] => {
        const { value, gradients } = valueAndGradients(() => model.loss(batch), [gain]);
        return [value.dataSync()[0], ...gradients[0]!.dataSync()];
      };
      const [all, odd, even] = [whole, some((i) => i % 2 === 1), some((i) => i % 2 === 0)].map(sumsOf);
      remove();
      const size = Math.max(...all.slice(1).map(Math.abs));
      expect(Math.abs(all[0] / (odd[0] + even[0]) - 1)).toBeLessThan(tolerance.loss);
      for (const [i, gradient] of all.slice(1).entries()) {
        expect(Math.abs(gradient - odd[i + 1] - even[i + 1])).toBeLessThan(tolerance.elements * size);
      }
    });

    it("leaves no tensor behind", () => {
      const batch = unpadded(expected);
      const before = tf.memory();
      model.loss(batch).dispose();
      model.tokenLosses(batch);
      withTape(new Tape(), () => model.loss(batch)).dispose();
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    });

    it("refuses ids outside the vocabulary and linears of another shape", () => {
      expect(() =>
        model.hiddenStates({ tokens: Int32Array.of(1, 320), segments: Int32Array.of(0, 2) }),
      ).toThrow("token id 320 at position 1 is outside the vocabulary of 320");
      const [first, second] = [model.linears()[0], model.linears()[6]];
      expect(() => model.replaceLinear(first.path, second.linear)).toThrow(`${first.path}: expected`);
      expect(() => model.replaceLinear("model.layers.9.q", first.linear)).toThrow(
        "no linear at model.layers.9.q",
      );
    });
  });
});

describe.each(["stories260k", "babyllama105"])("%s, a trained model, against Transformers", (name) => {
  interface Reference {
    readonly generations: {
      readonly prompt: string | null;
      readonly input_ids: number[];
      readonly output_ids: number[];
      readonly text: string;
    }[];
    readonly logprobs: { readonly ids: number[]; readonly token_logprobs: number[] };
    readonly nll: { readonly tokens: number; readonly mean_nll: number };
  }
  let model: LanguageModel;
  let reference: Reference;
  beforeAll(async () => {
    await startEngine("wasm");
    reference = await json<Reference>(`${name}/reference.json`);
    model = await loadModel(folder(name));
  });
  afterAll(() => model.dispose());

  it("writes the same stories", async () => {
    const tokenizer = (await loadTokenizer(folder(name)))!;
    for (const { input_ids: prompt, output_ids: expected, text } of reference.generations) {
      const [ids] = await continued(model, [prompt], expected.length);
      expect(ids).toEqual(expected);
      expect(tokenizer.decode([...prompt, ...ids], { skipSpecialTokens: true })).toBe(text);
    }
  });

  it("gives the same log-probabilities", () => {
    const tokens = Int32Array.from(reference.logprobs.ids);
    const losses = model.tokenLosses({ tokens, labels: tokens, segments: Int32Array.of(0, tokens.length) });
    const expected = reference.logprobs.token_logprobs;
    expect(losses).toHaveLength(expected.length);
    expect(
      largestDifference(
        losses.map((loss) => -loss),
        expected,
      ),
    ).toBeLessThan(1e-4);
  });

  it("has the same mean loss over 100 stories", async () => {
    const tokenizer = (await loadTokenizer(folder(name)))!;
    const lines = (await readFile(folder("tinystories-sample/test-100.jsonl"), "utf8")).trim().split("\n");
    let sum = 0;
    let count = 0;
    for (const line of lines) {
      const { text } = JSON.parse(line) as { text: string };
      const ids = tokenizer.encode(text, { addSpecialTokens: true }).slice(0, model.config.maxPositions);
      const tokens = Int32Array.from(ids);
      const losses = model.tokenLosses({ tokens, labels: tokens, segments: Int32Array.of(0, ids.length) });
      for (const loss of losses) sum += loss;
      count += losses.length;
    }
    expect(count).toBe(reference.nll.tokens);
    expect(Math.abs(sum / count - reference.nll.mean_nll)).toBeLessThan(1e-4);
  });
});
