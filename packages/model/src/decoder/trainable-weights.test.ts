import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { listEngines, startEngine, valueAndGradients } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { expectedTensors } from "../architectures/expected-tensors.js";
import { trainableTensors } from "../architectures/trainable-tensors.js";
import { generate } from "../generation/generate.js";
import { loadModel } from "../load-model.js";
import { flatBatch } from "./flat-batch.js";
import { trainableWeights } from "./trainable-weights.js";

const folder = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/models/${name}/`, import.meta.url));

interface Expected {
  readonly input_ids: number[][];
  readonly greedy_prompt: number[];
  readonly greedy_tokens: number[];
}
const expectedOf = async (name: string): Promise<Expected> =>
  JSON.parse(await readFile(`${folder(name)}expected.json`, "utf8")) as Expected;

const probed = await Promise.all(
  listEngines().map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);
const engines = probed.filter((name) => name !== null && name !== "cpu");

describe.each(engines)("trainableWeights on %s", (engine) => {
  it.each(["qwen2", "llama", "qwen3", "qwen3_moe", "deepseek_v3"])(
    "finds every tensor of %s, and changes no result",
    async (name) => {
      await startEngine(engine!, "fp32");
      const { input_ids, greedy_prompt, greedy_tokens } = await expectedOf(name);
      const before = tf.memory().numTensors;
      const model = await loadModel(folder(name));
      const ids = Int32Array.from(input_ids[0].slice(0, 12));
      const batch = flatBatch([{ inputIds: ids, labels: ids }]);
      const lossOf = (): number => {
        const loss = model.loss(batch);
        const [value] = loss.dataSync();
        loss.dispose();
        return value;
      };
      const plain = lossOf();
      const weights = trainableWeights(model, [""]);
      // Routing stays as it is.
      const all = [...expectedTensors(model.config).keys()];
      const trained = all.filter((tensor) => !tensor.includes(".mlp.gate."));
      expect(weights.map((weight) => weight.name).sort()).toEqual(trained.sort());
      expect([...trainableTensors(model.config).keys()].sort()).toEqual(trained.sort());
      for (const weight of weights) {
        expect(weight.variable.shape).toEqual(expectedTensors(model.config).get(weight.name));
      }
      expect(Math.abs(lossOf() / plain - 1)).toBeLessThan(1e-6);
      const tokens: number[] = [];
      for await (const { id } of generate(model, [greedy_prompt], { maxNewTokens: 8, stopIds: [] }))
        tokens.push(id);
      expect(tokens).toEqual(greedy_tokens.slice(0, 8));
      // Asked again, the same variables.
      expect(trainableWeights(model, [""]).map(({ variable }) => variable.id)).toEqual(
        weights.map(({ variable }) => variable.id),
      );
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it("gives a gradient to what was asked for alone, and the derivative of the loss", async () => {
    await startEngine(engine!, "fp32");
    const model = await loadModel(folder("qwen2"));
    const wanted = ["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.bias", "model.norm"];
    const weights = trainableWeights(model, wanted);
    expect(weights.map(({ name }) => name)).toEqual([
      "model.embed_tokens.weight",
      "model.layers.0.self_attn.q_proj.bias",
      "model.norm.weight",
    ]);
    const ids = Int32Array.of(5, 9, 5, 77, 9, 5);
    const batch = flatBatch([{ inputIds: ids, labels: ids }]);
    const { value, gradients } = valueAndGradients(
      () => model.loss(batch),
      weights.map(({ variable }) => variable),
    );
    // Along its own gradient the loss of a small step rises by step · |gradient|².
    for (const [index, { name, variable }] of weights.entries()) {
      const gradient = gradients[index]!;
      const squares = tf.tidy(() => tf.sum(tf.square(gradient)).dataSync()[0]);
      const at = (step: number): number => {
        const [shifted, original] = tf.tidy(() => {
          const moved = tf.add(variable, tf.mul(gradient, step / squares));
          return [tf.keep(moved), tf.keep(variable.clone())];
        });
        variable.assign(shifted);
        const loss = model.loss(batch);
        const [result] = loss.dataSync();
        variable.assign(original);
        tf.dispose([shifted, original, loss]);
        return result;
      };
      const width = 0.05;
      expect((at(width) - at(-width)) / (2 * width), name).toBeCloseTo(1, 2);
    }
    tf.dispose([value, ...gradients.map((gradient) => gradient!)]);
    model.dispose();
  });

  it("names a prefix that no weight begins with, and says of a tied head where it is", async () => {
    await startEngine(engine!, "fp32");
    const model = await loadModel(folder("qwen2"));
    expect(() => trainableWeights(model, ["model.norm", "model.layers.99."])).toThrow(
      'no weight of the model has a name that begins with "model.layers.99."; names are like model.embed_tokens.weight',
    );
    expect(() => trainableWeights(model, ["lm_head"])).toThrow(
      /"lm_head".*; its head is tied to the embedding/,
    );
    model.dispose();
  });
});
