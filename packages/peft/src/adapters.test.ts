/** Attaching, detaching, choosing, merging and training adapters on a whole model. */
import type { LanguageModel } from "@lathe/model";
import { flatBatch } from "@lathe/model";
import {
  listEngines,
  type Precision,
  startEngine,
  tensorMemory,
  valueAndGradients,
  withDropout,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { activeAdapters, adapterConfig, adapterNames, isMerged } from "./adapted-model.js";
import { attach, detach, setActive } from "./attach.js";
import { initialMatrix } from "./initial-matrix.js";
import { LoraLinear } from "./lora-linear.js";
import { merge, unmerge } from "./merge.js";
import { parameterTable } from "./parameter-table.js";
import { largestDifference, loadFixture, logitsOf } from "./testing.js";
import { seededFloats } from "../../tensor/testing/seeded-floats.js";
import { trainableParameters } from "./trainable-parameters.js";

const ids = [5, 17, 200, 3, 44, 91];

let model: LanguageModel;

/** Moves an adapter's matrices away from their start. */
function disturb(name: string, seed: number): void {
  const floats = seededFloats(seed);
  for (const { variable } of trainableParameters(model, name)) {
    const noise = tf.tensor(
      floats(variable.size).map((value) => value / 10),
      variable.shape,
    );
    const moved = tf.add(variable, noise);
    variable.assign(moved);
    tf.dispose([noise, moved]);
  }
}

const isNative =
  (await listEngines()
    .find(({ name }) => name === "native")!
    .probe()) === null;

describe.each(["wasm", ...(isNative ? ["native"] : [])])("on %s", (engine) => {
  beforeAll(async () => {
    await startEngine(engine, "fp32");
  });
  beforeEach(async () => {
    model = await loadFixture("qwen2");
  });
  afterEach(() => model.dispose());

  describe("a fresh adapter", () => {
    it.each([{}, { useRslora: true }, { useDora: true }, { targets: "all-linear" }])(
      "changes nothing: %j",
      (options) => {
        const before = logitsOf(model, ids);
        attach(model, options);
        expect(logitsOf(model, ids)).toEqual(before);
        expect(withDropout({ seed: 1, step: 1, microBatch: 0 }, () => logitsOf(model, ids))).toEqual(before);
      },
    );

    it("starts with A uniform in ±1/√I and B zero", () => {
      attach(model, { rank: 8, seed: 4 });
      for (const { name, variable } of trainableParameters(model)) {
        const values = variable.dataSync();
        if (name.endsWith("lora_B.weight")) expect(values.every((value) => value === 0)).toBe(true);
        else expect(Math.max(...values.map(Math.abs))).toBeLessThan(1 / Math.sqrt(64));
      }
    });

    it("is drawn by seed and path, whatever else is adapted", () => {
      const matrixOf = (options: object): ArrayLike<number> => {
        attach(model, options);
        const name = "base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight";
        const values = trainableParameters(model)
          .find((parameter) => parameter.name === name)!
          .variable.dataSync();
        detach(model);
        return values;
      };
      const first = matrixOf({ targets: ["v_proj"] });
      expect(matrixOf({ targets: "all-linear" })).toEqual(first);
      expect(matrixOf({ targets: ["v_proj"], seed: 1 })).not.toEqual(first);
    });
  });

  describe("initialMatrix", () => {
    it("has the mean and variance of the uniform distribution (seed 7)", () => {
      const values = initialMatrix(64, 1024, 7, "model.layers.0.self_attn.q_proj");
      const bound = 1 / 32;
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
      // Four standard errors of 65,536 draws.
      expect(Math.abs(mean)).toBeLessThan((4 * bound) / Math.sqrt(3 * values.length));
      expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(4 * Math.sqrt(0.8 / values.length));
      expect(new Set(values).size).toBeGreaterThan(0.99 * values.length);
    });

    it("stays the same from release to release", () => {
      // openssl enc -aes-256-ctr of 16 zero bytes under the SHA-256 of ["lora_A",0,"q_proj"], its top 24 bits a word.
      expect([...initialMatrix(1, 4, 0, "q_proj")]).toEqual([
        -0.2005591094493866, -0.12649103999137878, 0.21035054326057434, 0.3874591290950775,
      ]);
    });
  });

  describe("several adapters", () => {
    it("act alone, together and not at all", () => {
      const base = logitsOf(model, ids);
      attach(model, { dropout: 0 }, { name: "first" });
      disturb("first", 1);
      const first = logitsOf(model, ids);
      attach(model, { targets: ["q_proj", "up_proj"], useRslora: true, rank: 4 }, { name: "second" });
      expect(activeAdapters(model)).toEqual(["second"]);
      expect(logitsOf(model, ids)).toEqual(base);
      disturb("second", 2);
      const second = logitsOf(model, ids);
      expect(adapterNames(model)).toEqual(["first", "second"]);

      setActive(model, "first");
      expect(logitsOf(model, ids)).toEqual(first);
      setActive(model, ["first", "second"]);
      const both = logitsOf(model, ids);
      expect(largestDifference(both, first)).toBeGreaterThan(1e-2);
      expect(largestDifference(both, second)).toBeGreaterThan(1e-2);
      setActive(model, []);
      expect(logitsOf(model, ids)).toEqual(base);

      setActive(model, ["first", "second"]);
      detach(model, "first");
      expect(activeAdapters(model)).toEqual(["second"]);
      expect(logitsOf(model, ids)).toEqual(second);
      detach(model, "second");
      expect(logitsOf(model, ids)).toEqual(base);
      expect(model.linears().some(({ linear }) => linear instanceof LoraLinear)).toBe(false);
    });

    it("train one at a time, the other staying as it is", () => {
      attach(model, {}, { name: "first" });
      attach(model, { targets: ["up_proj"] }, { name: "second" });
      setActive(model, ["first", "second"]);
      expect(() => trainableParameters(model)).toThrow(
        "trainableParameters: expected the name of the adapter to train, got first, second active",
      );
      const names = trainableParameters(model, "second").map(({ name }) => name);
      expect(names.slice(0, 2)).toEqual([
        "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight",
        "base_model.model.model.layers.0.mlp.up_proj.lora_B.weight",
      ]);
      expect(names.every((name) => name.includes("up_proj"))).toBe(true);
    });

    it("say what is wrong", () => {
      attach(model);
      expect(() => attach(model)).toThrow(
        "the model has an adapter named default already; detach it or choose another name",
      );
      expect(() => detach(model, "other")).toThrow("expected an adapter among default, got other");
      expect(() => setActive(model, ["other"])).toThrow("expected an adapter among default, got other");
      expect(() => attach(model, {}, { name: "" })).toThrow("expected a name for the adapter");
      setActive(model, []);
      expect(() => trainableParameters(model)).toThrow("got a model without one");
      expect(() => trainableParameters(model, "default")).toThrow("adapter default is not active");
      detach(model);
      expect(() => adapterConfig(model)).toThrow(
        "expected an adapter named default, got a model without adapters",
      );
    });

    it("leave the model as it was when attaching fails", () => {
      const linears = model.linears();
      expect(() => attach(model, { targets: ["nothing"] })).toThrow("targets");
      expect(model.linears()).toEqual(linears);
      expect(adapterNames(model)).toEqual([]);
    });
  });

  describe("merge", () => {
    it.each([
      { targets: "all-linear" },
      { useDora: true },
      { useDora: true, useRslora: true, targets: "mlp" },
    ])("keeps the logits within 1e-4, once or twice, and unmerge gives the same bits back: %j", (options) => {
      const base = logitsOf(model, ids);
      const weights = model.linears().map(({ linear }) => linear.denseWeight());
      attach(model, options);
      disturb("default", 3);
      const adapted = logitsOf(model, ids);
      merge(model);
      const merged = logitsOf(model, ids);
      expect(isMerged(model)).toBe(true);
      expect(largestDifference(merged, adapted)).toBeLessThan(1e-4);
      expect(largestDifference(merged, base)).toBeGreaterThan(1e-2);
      const mergedLinears = model.linears().map(({ linear }) => linear);
      merge(model);
      expect(model.linears().map(({ linear }) => linear)).toEqual(mergedLinears);
      expect(logitsOf(model, ids)).toEqual(merged);
      unmerge(model);
      unmerge(model);
      expect(isMerged(model)).toBe(false);
      expect(logitsOf(model, ids)).toEqual(adapted);
      detach(model);
      expect(logitsOf(model, ids)).toEqual(base);
      expect(model.linears().map(({ linear }) => linear.denseWeight())).toEqual(weights);
    });

    it("refuses to change adapters while they are merged", () => {
      attach(model);
      merge(model);
      const reason = "the model's adapters are merged into its weights; unmerge it first";
      expect(() => attach(model, {}, { name: "other" })).toThrow(reason);
      expect(() => detach(model)).toThrow(reason);
      expect(() => setActive(model, [])).toThrow(reason);
      expect(() => trainableParameters(model)).toThrow(reason);
      expect(adapterConfig(model).rank).toBe(16);
    });

    it("does nothing without an active adapter", () => {
      merge(model);
      attach(model);
      setActive(model, []);
      merge(model);
      expect(isMerged(model)).toBe(false);
    });
  });

  describe("training", () => {
    const row = { inputIds: Int32Array.from(ids), labels: Int32Array.from(ids) };

    function step(): void {
      const parameters = trainableParameters(model);
      const { value, gradients } = withDropout({ seed: 1, step: 1, microBatch: 0 }, () =>
        valueAndGradients(
          () => model.loss(flatBatch([row])),
          parameters.map(({ variable }) => variable),
        ),
      );
      parameters.forEach(({ name, variable }, index) => {
        const gradient = gradients[index];
        expect(gradient, name).not.toBeNull();
        const moved = tf.tidy(() => tf.sub(variable, tf.mul(gradient!, 0.01)));
        variable.assign(moved);
        tf.dispose([moved, gradient!]);
      });
      value.dispose();
    }

    it.each([
      { checkpointing: "none", useDora: false },
      { checkpointing: "block", useDora: true },
    ] as const)("leaves no tensor behind after a step: %j", ({ checkpointing, useDora }) => {
      attach(model, { useDora, targets: "all-linear", rank: 2 });
      model.checkpointing = checkpointing;
      step();
      const { numTensors, numBytes } = tf.memory();
      step();
      expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    });

    it("has the same gradients with and without recomputation, dropout included", () => {
      attach(model, { useDora: true, rank: 2, dropout: 0.3 });
      disturb("default", 9);
      const variables = trainableParameters(model).map(({ variable }) => variable);
      const gradientsOf = (checkpointing: "none" | "block"): number[][] => {
        model.checkpointing = checkpointing;
        const { value, gradients } = withDropout({ seed: 3, step: 1, microBatch: 0 }, () =>
          valueAndGradients(() => model.loss(flatBatch([row])), variables),
        );
        const read = gradients.map((gradient) => [...gradient!.dataSync()]);
        tf.dispose([value, ...gradients.map((gradient) => gradient!)]);
        return read;
      };
      expect(gradientsOf("block")).toEqual(gradientsOf("none"));
    });

    it("frees the adapters, and with the model everything", async () => {
      const before = tf.memory().numTensors;
      const other = await loadFixture("qwen2");
      const loaded = tf.memory().numTensors;
      attach(other, { useDora: true });
      attach(other, {}, { name: "second" });
      logitsOf(other, ids);
      detach(other);
      detach(other, "second");
      expect(tf.memory().numTensors).toBe(loaded);
      attach(other, { useDora: true });
      logitsOf(other, ids);
      merge(other);
      other.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  describe("parameterTable", () => {
    it("counts what is there", () => {
      attach(model, { rank: 16, targets: ["q_proj", "v_proj"] });
      const table = parameterTable(model);
      expect(table.groups).toEqual([
        { name: "q_proj", linears: 3, parameters: 3 * 16 * (64 + 64) },
        { name: "v_proj", linears: 3, parameters: 3 * 16 * (64 + 32) },
      ]);
      expect(table.trainable).toBe(
        trainableParameters(model).reduce((sum, { variable }) => sum + variable.size, 0),
      );
    });
  });
});

/** Everything that a step on the native engine does differently: products together, kept bfloat16, memory of its own. */
describe.skipIf(!isNative)("a hundred steps on native", () => {
  it.each([
    ["fp32", "none", false],
    ["bf16", "none", false],
    ["bf16", 1, false],
    ["int8", "block", false],
    ["bf16", "none", true],
  ] as [Precision, LanguageModel["checkpointing"], boolean][])(
    "leave no tensor and no byte: %s, checkpointing %s, DoRA %s",
    async (precision, checkpointing, useDora) => {
      await startEngine("native", precision);
      const trained = await loadFixture("qwen2");
      attach(trained, { targets: "all-linear", rank: 3, dropout: 0.2, useDora });
      trained.checkpointing = checkpointing;
      const variables = trainableParameters(trained).map(({ variable }) => variable);
      const inputIds = Int32Array.from(ids);
      const losses: number[] = [];
      const step = (number: number): void => {
        // Batches of changing length, as rows have.
        const rows = Array.from({ length: 1 + (number % 3) }, () => ({ inputIds, labels: inputIds }));
        const { value, gradients } = withDropout({ seed: 1, step: number, microBatch: 0 }, () =>
          valueAndGradients(() => trained.loss(flatBatch(rows)), variables),
        );
        losses.push(value.dataSync()[0] / rows.length);
        for (const [index, gradient] of gradients.entries()) {
          const moved = tf.tidy(() => tf.sub(variables[index], tf.mul(gradient!, 0.003 / rows.length)));
          variables[index].assign(moved);
          moved.dispose();
        }
        tf.dispose([value, ...gradients.map((gradient) => gradient!)]);
      };
      // Until batches of each length have found their places.
      for (let number = 1; number <= 9; number++) step(number);
      const before = tensorMemory();
      for (let number = 10; number <= 109; number++) step(number);
      const after = tensorMemory();
      expect(after.tensors).toBe(before.tensors);
      expect(after.bytes).toBe(before.bytes);
      expect(after.reservedBytes).toBe(before.reservedBytes);
      expect(losses.at(-1)!).toBeLessThan(losses[0] * 0.8);
      trained.dispose();
    },
  );
});
