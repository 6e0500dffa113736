/** A run that walks the layers against the run that has them all in memory and computes them again: the same bits. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  bfloat16ToFloat32,
  type flatBatch,
  float32ToBfloat16,
  type LanguageModel,
  loadModel,
} from "@lathe/model";
import { attach, trainableParameters } from "@lathe/peft";
import { listEngines, startEngine, tensorMemory } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunFolder } from "../run-folder.js";
import { supervised } from "../supervised.js";
import { train } from "../train.js";
import type { TrainOptions } from "../train-options.js";
import { HeldStreams } from "./stream-store.js";
import { type SpillFormat, SpilledStreams } from "./spilled-streams.js";

const folder = (name: string): string =>
  fileURLToPath(new URL(`../../../model/fixtures/models/${name}/`, import.meta.url));

const reasons = await Promise.all(
  listEngines().map(async ({ name, probe }) => ({ name, reason: await probe() })),
);
const engines = reasons
  .filter(({ name, reason }) => reason === null && name !== "cpu")
  .map(({ name }) => name);
const models = ["qwen2", "llama", "qwen3", "qwen3_moe", "deepseek_v3"];

const SEED = Number(process.env["TEST_SEED"] ?? 31);
// Replies of some rows, so that the last layer is told which rows are wanted; the others are labels as a whole.
const row = (index: number) => {
  const inputIds = Int32Array.from(
    { length: 6 + ((index * 5) % 9) },
    (_, i) => (SEED + 11 * i + 3 * index) % 90,
  );
  return { inputIds, labels: inputIds.map((id, i) => (index % 2 === 0 && i < 5 ? -100 : id)) };
};
const rows = { length: 7, row };
const config = {
  epochs: 2,
  batchSize: 1,
  gradientAccumulation: 3,
  learningRate: 0.02,
  warmupSteps: 0,
  seed: SEED,
  evalEvery: 2,
};

/** Reports of a run, without what is measured, and the parameters at its end. */
async function runOf(
  model: LanguageModel,
  options: Partial<TrainOptions<ReturnType<typeof row>, ReturnType<typeof flatBatch>>> = {},
) {
  const parameters = trainableParameters(model);
  const reports: unknown[] = [];
  const objective = supervised(model, { labelSmoothing: 0.1 });
  for await (const report of train({ parameters, objective, rows, validation: rows, config, ...options })) {
    const { step, loss, gradNorm, validationLoss } = report;
    reports.push({ step, loss, gradNorm, validationLoss });
  }
  return { reports, parameters: parameters.map(({ variable }) => [...variable.dataSync()]) };
}

const adapted = async (name: string, residentLayers?: number): Promise<LanguageModel> => {
  const model = await loadModel(folder(name), { residentLayers });
  attach(model, { rank: 4, alpha: 8, dropout: 0.1, seed: SEED, targets: ["query", "value", "down"] });
  model.embeddingNoise = 1;
  model.residualDropout = 0.1;
  return model;
};

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "lathe-walk-"));
});
afterAll(() => rm(place, { recursive: true }));

describe.each(engines)(`walkBothWays on %s (seed ${SEED})`, (engine) => {
  it.each(models)("trains %s to the bits of the run in memory, and leaves no tensor", async (name) => {
    await startEngine(engine);
    const before = tensorMemory().tensors;
    const held = await adapted(name);
    held.checkpointing = "block";
    const expected = await runOf(held);
    held.dispose();
    // All layers held, two of them at a time, and as many as there are.
    for (const residentLayers of [undefined, 2, held.config.layerCount]) {
      const walked = await adapted(name, residentLayers);
      const given = await runOf(walked, { walk: walked });
      walked.dispose();
      expect(given).toEqual(expected);
    }
    expect(expected.reports).toHaveLength(6);
    expect(tensorMemory().tensors).toBe(before);
  });

  it.each(models)("trains %s with streams on the disk to the bits of those in memory", async (name) => {
    await startEngine(engine);
    const before = tensorMemory().tensors;
    // As the disk does, in memory.
    const roundedStreams = new (class extends HeldStreams {
      override entering(x: tf.Tensor2D): tf.Tensor2D {
        const values = bfloat16ToFloat32(float32ToBfloat16(x.dataSync<"float32">()));
        x.dispose();
        return tf.tensor2d(values, x.shape);
      }
    })();
    const cases = { fp32: new HeldStreams(), bf16: roundedStreams };
    const ends: unknown[] = [];
    for (const [format, inMemory] of Object.entries(cases)) {
      const spilled = new SpilledStreams(join(place, `${engine}-${name}-${format}`), format as SpillFormat);
      const runs: unknown[] = [];
      for (const streams of [inMemory, spilled]) {
        const model = await adapted(name, 2);
        runs.push(await runOf(model, { walk: model, streams }));
        model.dispose();
      }
      expect(runs[1]).toEqual(runs[0]);
      expect(spilled.bytesWritten).toBeGreaterThan(0);
      await spilled.close();
      ends.push(runs[0]);
    }
    expect(ends[0]).not.toEqual(ends[1]);
    expect(tensorMemory().tensors).toBe(before);
  });

  it("asks for every layer once each way, with the last one at the turn", async () => {
    await startEngine(engine);
    const model = await adapted("qwen2");
    const { layerCount } = model.config;
    const asked: number[] = [];
    let held = 0;
    const walk = {
      config: model.config,
      holdLayer: (layer: number) => {
        asked.push(layer);
        held++;
        return Promise.resolve(() => {
          held--;
        });
      },
    };
    await runOf(model, {
      walk,
      validation: { length: 0, row },
      config: { ...config, epochs: 1, maxSteps: 1 },
    });
    const up = Array.from({ length: layerCount }, (_, layer) => layer);
    expect(asked).toEqual([...up, ...up.slice(0, -1).reverse()]);
    expect(held).toBe(0);
    model.dispose();
  });

  it.each(["qwen3_moe", "deepseek_v3"])(
    "asks of %s for the experts that tokens chose, and no others",
    async (name) => {
      await startEngine(engine);
      const model = await adapted(name);
      const chosen = new Map<number, Set<number>>();
      model.onRouting = (layer, numbers) => {
        chosen.set(layer, new Set([...(chosen.get(layer) ?? []), ...numbers]));
      };
      const asked = new Map<number, Set<number>>();
      const walk = {
        config: model.config,
        holdLayer: (layer: number, experts?: ReadonlySet<number>) => {
          if (experts) asked.set(layer, new Set([...(asked.get(layer) ?? []), ...experts]));
          return model.holdLayer(layer, experts);
        },
      };
      // One token, so that none is likely enough to be read ahead, and experts are left that nobody chooses.
      const few = { inputIds: Int32Array.of(5, 9), labels: Int32Array.of(5, 9) };
      const { reports } = await runOf(model, {
        walk,
        rows: { length: 1, row: () => few },
        validation: { length: 0, row },
        config: { ...config, gradientAccumulation: 1, epochs: 1, maxSteps: 1 },
      });
      expect(reports).toHaveLength(1);
      const sorted = (sets: Map<number, Set<number>>) =>
        [...sets].sort(([a], [b]) => a - b).map(([layer, set]) => [layer, [...set].sort((a, b) => a - b)]);
      expect(asked.size).toBeGreaterThan(0);
      expect(sorted(asked)).toEqual(sorted(chosen));
      model.dispose();
    },
  );

  it("goes back no further than the first layer that has something to train", async () => {
    await startEngine(engine);
    const model = await loadModel(folder("qwen2"));
    const last = model.config.layerCount - 1;
    attach(model, { rank: 2, alpha: 4, seed: SEED, targets: ["query"], layers: [last] });
    const asked: number[] = [];
    const walk = {
      config: model.config,
      holdLayer: (layer: number) => {
        asked.push(layer);
        return Promise.resolve(() => undefined);
      },
    };
    await runOf(model, { walk, validation: { length: 0, row }, config: { ...config, maxSteps: 1 } });
    expect(asked).toEqual(Array.from({ length: last + 1 }, (_, layer) => layer));
    model.dispose();
  });
});

describe("a walk that fails or is left", () => {
  beforeAll(async () => {
    await startEngine("wasm", "fp32");
  });

  it.each(["forwards", "backwards"])("lets go of everything where a layer cannot be read %s", async (way) => {
    const before = tensorMemory().tensors;
    const model = await adapted("qwen2");
    let [held, asked] = [0, 0];
    const fault = new Error("the disk gave up");
    const fails = way === "forwards" ? 1 : model.config.layerCount;
    const walk = {
      config: model.config,
      holdLayer: () => {
        if (asked++ === fails) return Promise.reject(fault);
        held++;
        return Promise.resolve(() => {
          held--;
        });
      },
    };
    await expect(runOf(model, { walk })).rejects.toBe(fault);
    expect(held).toBe(0);
    model.dispose();
    expect(tensorMemory().tensors).toBe(before);
  });

  it("ends with a checkpoint of the last complete step where it is interrupted, and goes on to the same bits", async () => {
    const whole = await adapted("qwen2");
    const expected = await runOf(whole, { walk: whole });
    whole.dispose();

    const path = join(place, "run");
    const stop = new AbortController();
    const first = await adapted("qwen2");
    let held = 0;
    const walk = {
      config: first.config,
      holdLayer: (layer: number) => {
        // In the third step.
        if (++held === 2 * (2 * first.config.layerCount - 1) + 3 + first.config.layerCount * 7) stop.abort();
        return first.holdLayer(layer);
      },
    };
    const run = await RunFolder.create(path, {});
    const begun = await runOf(first, { walk, run, signal: stop.signal });
    await run.close();
    first.dispose();
    expect(begun.reports).toEqual(expected.reports.slice(0, begun.reports.length));
    expect(begun.reports.length).toBeLessThan(expected.reports.length);

    const second = await adapted("qwen2");
    const again = await RunFolder.open(path);
    const ended = await runOf(second, { walk: second, run: again, resume: true });
    await again.close();
    second.dispose();
    expect([...begun.reports, ...ended.reports]).toEqual(expected.reports);
    expect(ended.parameters).toEqual(expected.parameters);
  });
});
