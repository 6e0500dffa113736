/** Preference objectives from rows to a run, against TRL's recorded steps (`fixtures/README.md` of `@lathe/train`). */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readLikelihoods, type StepReport } from "@lathe/train";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { finetune, type FinetuneOptions, type RecipeEvent } from "../index.js";

interface Expected {
  readonly rows: Record<string, unknown>[];
  readonly steps: { readonly loss: number; readonly grad_norm: number }[];
}

const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../../train/fixtures/preference/${path}`, import.meta.url));
const model = fileURLToPath(new URL("../../../model/fixtures/models/qwen2/", import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-preference-"));
});
afterEach(() => rm(folder, { recursive: true }));

const rowsOf = async (name: string): Promise<Expected & { readonly data: Record<string, unknown>[] }> => {
  const expected = JSON.parse(await readFile(fixture(`${name}/expected.json`), "utf8")) as Expected;
  const data = expected.rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [key === "label" ? key : `${key}_ids`, value]),
    ),
  );
  return { ...expected, data };
};

async function reportsOf(options: FinetuneOptions): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of finetune({
    model,
    precision: "fp32",
    ...options,
    train: {
      ...(options.train?.maxTokensPerBatch === undefined ? { batchSize: 2 } : {}),
      gradientAccumulation: 2,
      epochs: 1,
      learningRate: 3e-3,
      schedule: "constant",
      shuffle: false,
      ...options.train,
    },
  })) {
    reports.push(report);
  }
  return reports;
}

it.each(["dpo", "kto"] as const)(
  "%s computes what it compares with in batches no larger than those of its steps",
  async (objective) => {
    const { data } = await rowsOf(objective);
    const batchesOf = async (batchSize: number): Promise<number> => {
      let batches = 0;
      const onEvent = (event: RecipeEvent): void => {
        if (event.type === "progress" && event.phase === "comparing") batches++;
      };
      const train = { batchSize, gradientAccumulation: 8 / batchSize, maxSteps: 1 };
      await reportsOf({ data: data.slice(0, 8), objective, train, onEvent });
      return batches;
    };
    expect(await batchesOf(1)).toBeGreaterThanOrEqual(8);
    expect(await batchesOf(8)).toBeLessThanOrEqual(2);
  },
);

describe.each(["dpo", "orpo", "simpo", "kto"] as const)("objective %s", (objective) => {
  it("follows TRL from rows of ids, in micro-batches of two", async () => {
    const { data, steps } = await rowsOf(objective);
    const reports = await reportsOf({ data, objective, initAdapter: fixture(`${objective}/adapter_start`) });
    expect(reports).toHaveLength(steps.length);
    reports.forEach(({ loss, gradNorm }, index) => {
      expect(Math.abs(loss / steps[index].loss - 1), `loss of step ${index + 1}`).toBeLessThan(1e-4);
      expect(Math.abs(gradNorm / steps[index].grad_norm - 1), `norm of step ${index + 1}`).toBeLessThan(1e-4);
    });
  });

  it("takes the same steps from batches by tokens, however few tokens a micro-batch has", async () => {
    const { data } = await rowsOf(objective);
    const validation = data.slice(0, 8);
    const of = (maxTokensPerBatch: number, gradientAccumulation: number): Promise<StepReport[]> => {
      const batches = { maxTokensPerBatch, gradientAccumulation };
      // Masks of dropout belong to the micro-batch.
      return reportsOf({ data, objective, validation, lora: { dropout: 0 }, train: batches });
    };
    const [whole, parts] = [await of(128, 1), await of(32, 4)];
    expect(whole.length).toBeGreaterThan(2);
    expect(parts.map(({ tokens, labelTokens }) => [tokens, labelTokens])).toEqual(
      whole.map(({ tokens, labelTokens }) => [tokens, labelTokens]),
    );
    parts.forEach(({ loss, validationLoss = 0 }, index) => {
      expect(Math.abs(loss / whole[index].loss - 1), `loss of step ${index + 1}`).toBeLessThan(1e-4);
      // KTO compares each batch of an evaluation within itself, and ORPO divides by its labels.
      if (objective === "kto" || objective === "orpo") return;
      expect(Math.abs(validationLoss - (whole[index].validationLoss ?? 0))).toBeLessThan(1e-4);
    });
  });

  it("reports rewards of steps and evaluations, and goes on where a run was stopped to the same losses", async () => {
    const { data } = await rowsOf(objective);
    const options = { data, objective, validation: data.slice(0, 8), train: { saveEvery: 1 } } as const;
    const whole = await reportsOf(options);
    expect(whole.at(-1)!.chosenRewards).toBeTypeOf("number");
    expect(whole.at(-1)!.validationMargin).toBeTypeOf("number");
    const controller = new AbortController();
    const output = join(folder, "run");
    for await (const report of finetune({
      model,
      precision: "fp32",
      ...options,
      output,
      train: {
        batchSize: 2,
        gradientAccumulation: 2,
        epochs: 1,
        learningRate: 3e-3,
        schedule: "constant",
        shuffle: false,
        saveEvery: 1,
      },
      signal: controller.signal,
    })) {
      if (report.step === 2) controller.abort();
    }
    const rest: StepReport[] = [];
    for await (const report of finetune({ output, resume: true, data, validation: data.slice(0, 8) })) {
      rest.push(report);
    }
    expect(rest.map(({ step, loss }) => [step, loss])).toEqual(
      whole.slice(2).map(({ step, loss }) => [step, loss]),
    );
  });
});

describe.each(["dpo", "kto"] as const)("log-likelihoods before training, of objective %s", (objective) => {
  /** A run that is interrupted after a step, and then gone on with. */
  async function parts(change: (reference: string) => Promise<unknown>) {
    const { data } = await rowsOf(objective);
    const output = join(folder, "run");
    const controller = new AbortController();
    const train = { batchSize: 2, gradientAccumulation: 2, epochs: 1, learningRate: 3e-3 };
    const run = { model, precision: "fp32", data, objective, validation: data.slice(0, 8), train } as const;
    const whole: number[] = [];
    for await (const { loss } of finetune(run)) whole.push(loss);
    for await (const _ of finetune({ ...run, output, signal: controller.signal })) controller.abort();
    const reference = join(output, "reference.json");
    await change(reference);
    const events: RecipeEvent[] = [];
    const rest: number[] = [];
    const onEvent = (event: RecipeEvent): void => void events.push(event);
    for await (const { loss } of finetune({ ...run, output, resume: true, onEvent })) rest.push(loss);
    const computed = events.filter(
      (event) => event.type === "progress" && event.phase === "comparing",
    ).length;
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    return { isSame: JSON.stringify(rest) === JSON.stringify(whole.slice(1)), computed, warnings, reference };
  }

  it("are kept in the run and not computed again when it goes on", async () => {
    const { isSame, computed, warnings } = await parts(() => Promise.resolve());
    expect({ isSame, computed, warnings }).toEqual({ isSame: true, computed: 0, warnings: [] });
  });

  it("are computed again where what was kept is damaged, which is said, or gone", async () => {
    const damaged = await parts(async (path) => {
      const text = await readFile(path, "utf8");
      await writeFile(
        path,
        text.replace(/\d(?=\]\]\}\s*$)/, (digit) => String((Number(digit) + 1) % 10)),
      );
    });
    expect(damaged.isSame).toBe(true);
    expect(damaged.computed).toBeGreaterThan(0);
    const sentence =
      "reference.json is damaged (its hash differs); the log-likelihoods in it are computed again";
    expect(damaged.warnings[0]).toContain(sentence);
    expect(await readLikelihoods(damaged.reference)).toHaveProperty("entries");
    await rm(join(folder, "run"), { recursive: true });
    const gone = await parts((path) => rm(path));
    expect({ ...gone, computed: gone.computed > 0 }).toMatchObject({
      isSame: true,
      computed: true,
      warnings: [],
    });
  });
});

it("names what is wrong with rows", async () => {
  const data = [
    { prompt_ids: [1], chosen_ids: [5], rejected_ids: [5] },
    { prompt_ids: [1], chosen_ids: [4] },
  ];
  await expect(reportsOf({ data, objective: "dpo" })).rejects.toThrow(/got the same[\s\S]*rejected_ids/);
});

it("refuses settings of another objective before anything is read", async () => {
  await expect(reportsOf({ data: [], simpoGamma: 1, ktoPairing: "step" })).rejects.toThrow(
    /simpoGamma belongs to objective simpo[\s\S]*ktoPairing belongs to objective kto/,
  );
});
