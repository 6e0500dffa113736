/** The four objectives step by step as TRL's trainers did (fixtures/README.md says how). */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { loadModel, openSafetensors } from "@lathe/model";
import { loadAdapter, trainableParameters } from "@lathe/peft";
import { listEngines, startEngine } from "@lathe/tensor";
import { describe, expect, it } from "vitest";
import {
  completionLikelihoods,
  dpo,
  type JudgedCompletion,
  kto,
  type KtoPairing,
  ktoReferenceRows,
  type Objective,
  orpo,
  type PreferencePair,
  ReferenceLikelihoods,
  simpo,
  type StepReport,
  train,
} from "../index.js";

type Recorded = Readonly<Record<string, number | number[]>>;
interface Expected {
  readonly rows: {
    readonly prompt: number[];
    readonly chosen: number[];
    readonly rejected: number[];
    readonly completion: number[];
    readonly label: boolean;
  }[];
  readonly steps: Recorded[];
}

const TOLERANCE = 1e-4;
const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../fixtures/preference/${path}`, import.meta.url));
const base = fileURLToPath(new URL("../../../model/fixtures/models/qwen2/", import.meta.url));

const probed = await Promise.all(
  listEngines().map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);
const engines = probed.filter((name) => name !== null);
const names = ["dpo", "orpo", "simpo", "kto"] as const;
type Name = (typeof names)[number];

/** Within 1e-4, relative to what is greater than 1. */
function near(actual: number | undefined, expected: number, what: string): void {
  expect(Math.abs(actual! - expected) / Math.max(1, Math.abs(expected)), what).toBeLessThan(TOLERANCE);
}

const readExpected = async (name: Name): Promise<Expected> =>
  JSON.parse(await readFile(fixture(`${name}/expected.json`), "utf8")) as Expected;

const ids = (list: number[]): Int32Array => Int32Array.from(list);

interface RunOptions {
  readonly batchSize: number;
  readonly pairing?: KtoPairing;
  readonly onStep?: (report: StepReport, model: Awaited<ReturnType<typeof loadModel>>) => void;
}

/** Trains as recorded, with steps of four rows in micro-batches of a size. */
async function run(name: Name, { batchSize, pairing = "step", onStep }: RunOptions): Promise<StepReport[]> {
  const { rows } = await readExpected(name);
  const model = await loadModel(base);
  try {
    const reference = new ReferenceLikelihoods();
    const pairs = rows.map((row): PreferencePair => ({
      promptIds: ids(row.prompt),
      chosenIds: ids(row.chosen ?? []),
      rejectedIds: ids(row.rejected ?? []),
    }));
    const judged = rows.map((row): JudgedCompletion => ({
      promptIds: ids(row.prompt),
      completionIds: ids(row.completion ?? []),
      label: row.label,
    }));
    // Before the adapter is there.
    if (name === "dpo") {
      await reference.compute(
        model,
        pairs.map(({ promptIds, chosenIds, rejectedIds }) => ({
          stem: promptIds,
          branches: [chosenIds, rejectedIds],
        })),
      );
    }
    if (name === "kto") {
      for (let first = 0; first < judged.length; first += 4) {
        const step = [0, 1, 2, 3]
          .filter((part) => part * batchSize < 4)
          .map((part) => judged.slice(first + part * batchSize, first + (part + 1) * batchSize));
        await reference.compute(model, ktoReferenceRows(step, pairing));
      }
    }
    await loadAdapter(model, fixture(`${name}/adapter_start`), { dropout: 0 });
    const objectives = {
      dpo: () => dpo(model, { beta: 0.1, reference: reference.of }),
      orpo: () => orpo(model, { beta: 0.1 }),
      simpo: () => simpo(model, { beta: 2, gamma: 0.5 }),
      kto: () => kto(model, { beta: 0.1, pairing, reference: reference.of }),
    };
    const list: readonly unknown[] = name === "kto" ? judged : pairs;
    const reports: StepReport[] = [];
    for await (const report of train({
      parameters: trainableParameters(model),
      objective: objectives[name]() as Objective<unknown, never>,
      rows: { length: list.length, row: (index) => list[index] },
      config: {
        batchSize,
        gradientAccumulation: 4 / batchSize,
        epochs: 1,
        learningRate: 3e-3,
        schedule: "constant",
        weightDecay: 0,
        maxGradNorm: 1,
        shuffle: false,
      },
    })) {
      reports.push(report);
      onStep?.(report, model);
    }
    const end = await openSafetensors(fixture(`${name}/adapter_end/adapter_model.safetensors`));
    try {
      if (batchSize === 4) {
        for (const { name: parameter, variable } of trainableParameters(model)) {
          const right = await end.readFloat32(parameter);
          const values = variable.dataSync();
          const most = right.reduce((worst, value, i) => Math.max(worst, Math.abs(value - values[i])), 0);
          expect(most, parameter).toBeLessThan(TOLERANCE);
        }
      }
    } finally {
      await end.close();
    }
    return reports;
  } finally {
    model.dispose();
  }
}

describe.each(engines)("on %s", (engine) => {
  it.each(names)(`follows TRL's steps of %s within ${TOLERANCE}`, async (name) => {
    await startEngine(engine, "fp32");
    const { steps, rows } = await readExpected(name);
    const likelihoods = (step: number, model: Parameters<typeof completionLikelihoods>[0]): void => {
      if (step >= steps.length) return;
      const right = steps[step];
      const isMean = name === "orpo" || name === "simpo";
      const sides = { chosen_logps: "chosen", rejected_logps: "rejected", logps: "completion" } as const;
      for (const [key, side] of Object.entries(sides)) {
        if (!(key in right)) continue;
        const some = rows.slice(4 * step, 4 * step + 4);
        const branches = some.map((row) => ({ stem: ids(row.prompt), branches: [ids(row[side])] }));
        completionLikelihoods(model, branches).forEach((value, row) => {
          const count = isMean ? some[row][side].length : 1;
          near(value / count, (right[key] as number[])[row], `${key} ${row} of step ${step + 1}`);
        });
      }
    };
    const reports = await run(name, {
      batchSize: 4,
      // After a step the model is as it is before the next.
      onStep: ({ step }, model) => likelihoods(step, model),
    });
    expect(reports).toHaveLength(steps.length);
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    reports.forEach((report, index) => {
      const right = steps[index];
      const what = (key: string): string => `${key} of step ${index + 1}`;
      near(report.loss, right.loss as number, what("loss"));
      near(report.gradNorm, right.grad_norm as number, what("norm"));
      if (right.margin !== undefined && right.margin !== null)
        near(report.margin, right.margin as number, what("margin"));
      else expect(report.margin).toBeUndefined();
      if (name === "kto") return;
      near(report.chosenRewards, mean(right.chosen_rewards as number[]), what("chosen rewards"));
      near(report.rejectedRewards, mean(right.rejected_rewards as number[]), what("rejected rewards"));
      expect(report.accuracy, what("accuracy")).toBeCloseTo(right.accuracy as number, 6);
    });
  });
});

describe("accumulation", () => {
  it.each(names)("of %s is a big batch", async (name) => {
    await startEngine(engines[0], "fp32");
    const big = await run(name, { batchSize: 4 });
    for (const batchSize of [1, 2]) {
      const small = await run(name, { batchSize });
      small.forEach(({ loss, gradNorm, margin }, index) => {
        near(loss, big[index].loss, `loss of step ${index + 1}`);
        near(gradNorm, big[index].gradNorm, `norm of step ${index + 1}`);
        if (margin !== undefined) near(margin, big[index].margin!, `margin of step ${index + 1}`);
      });
    }
  });

  it("of kto with pairs within a micro-batch is none", async () => {
    await startEngine(engines[0], "fp32");
    const [step, apart] = [
      await run("kto", { batchSize: 2 }),
      await run("kto", { batchSize: 2, pairing: "micro-batch" }),
    ];
    const differences = step.map(({ loss }, index) => Math.abs(loss - apart[index].loss));
    expect(Math.max(...differences)).toBeGreaterThan(1e-3);
  });
});
