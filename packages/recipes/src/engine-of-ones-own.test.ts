/** An engine that no package knows, written against what `@lathe/tensor` exports, carries whole pipelines. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type EngineDefinition, type Kernel, listEngines, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { respond } from "./respond.js";
import { finish } from "./testing/finish.js";
import { newRun, shortRows, temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

const cpu = listEngines().find(({ name }) => name === "cpu")!;

/** What the engine below was asked to do. */
const done = new Set<string>();

/** x / √(mean(x²) + ε) · w, by a route of its own: a row at a time, in double precision. */
const norm: Kernel<{ readonly epsilon: number }> = {
  forward([x, weight], { epsilon }) {
    done.add("norm forward");
    const [values, w] = [x.dataSync<"float32">(), weight.dataSync<"float32">()];
    const output = values.map((value, i) => {
      const row = values.subarray(i - (i % w.length), i - (i % w.length) + w.length);
      const square = row.reduce((sum, number) => sum + number * number, 0) / w.length;
      return (value / Math.sqrt(square + epsilon)) * w[i % w.length];
    });
    return { output: tf.tensor(output, x.shape), saved: [x, weight] };
  },
  pullback(gradient, saved, { epsilon }, [needsX, needsWeight]) {
    done.add("norm pullback");
    const [x, weight] = saved as tf.Tensor[];
    const columns = weight.size;
    const [values, w, g] = [x, weight, gradient].map((tensor) => tensor.dataSync<"float32">());
    const dx = new Float32Array(values.length);
    const dw = new Float32Array(columns);
    for (let row = 0; row < values.length; row += columns) {
      let [square, dot] = [0, 0];
      for (let i = 0; i < columns; i++) {
        square += values[row + i] ** 2 / columns;
        dot += (g[row + i] * w[i] * values[row + i]) / columns;
      }
      const r = 1 / Math.sqrt(square + epsilon);
      for (let i = 0; i < columns; i++) {
        dx[row + i] = r * (g[row + i] * w[i] - values[row + i] * r * r * dot);
        dw[i] += g[row + i] * values[row + i] * r;
      }
    }
    return [needsX ? tf.tensor(dx, x.shape) : null, needsWeight ? tf.tensor1d(dw) : null];
  },
};

/** The sixth engine: one object, in nobody's list. */
const abacus: EngineDefinition = {
  name: "abacus",
  description: "rows of beads",
  precisions: ["fp32"],
  probe: () => Promise.resolve(null),
  async start(precision) {
    const parts = await cpu.start(precision);
    return {
      ...parts,
      kernels: new Map([["rmsNorm", norm]]),
      weightLayout: "OI",
      sampleRows(logits, _choices, ids) {
        done.add("draws");
        const columns = logits.length / ids.length;
        ids.forEach((_, row) => {
          const values = logits.subarray(row * columns, (row + 1) * columns);
          ids[row] = values.indexOf(Math.max(...values));
        });
      },
    };
  },
};

/** What a run of some steps with an engine comes to, and what its adapter answers. */
async function pipeline(definition: EngineDefinition) {
  const engine = await startEngine(definition);
  const model = tinyModel("qwen2");
  const data = await writeJsonl(join(await temporaryFolder(), "rows.jsonl"), shortRows);
  const output = newRun();
  const losses: number[] = [];
  const summary = await finish(
    {
      model,
      data,
      validation: data,
      output,
      engine,
      lora: { rank: 4 },
      train: { maxSteps: 3, batchSize: 2, learningRate: 0.01 },
    },
    ({ loss }) => losses.push(loss),
  );
  const pieces = respond({
    model,
    adapter: summary.adapter!,
    engine,
    ids: [3, 1, 4, 1, 5],
    generation: { maxNewTokens: 6, temperature: 0 },
  });
  let next = await pieces.next();
  while (!next.done) next = await pieces.next();
  return { losses, validationLoss: summary.validationLoss!, ids: next.value.ids, output };
}

it(
  "trains, evaluates and answers as another engine does, with its own kernels",
  { timeout: 120_000 },
  async () => {
    const expected = await pipeline(cpu);
    expect(done.size).toBe(0);
    const own = await pipeline(abacus);
    expect([...done].sort()).toEqual(["draws", "norm forward", "norm pullback"]);
    own.losses.forEach((loss, i) => expect(loss).toBeCloseTo(expected.losses[i], 5));
    expect(own.validationLoss).toBeCloseTo(expected.validationLoss, 5);
    expect(own.ids).toEqual(expected.ids);
    expect(JSON.parse(await readFile(join(own.output, "report.json"), "utf8"))).toMatchObject({
      engine: "abacus",
    });
  },
);
