/** Ranks within one process: a run is the same run on any number of them. */
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Collective, localCollective, localGroup } from "@lathe/distributed";
import type { StepReport } from "@lathe/train";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { finetune, type FinetuneSummary } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import type { RecipeEvent } from "./recipe-event.js";
import { adapterOf, newRun, temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

const model = tinyModel("qwen2");
// Eleven rows of any length: the last step of an epoch has three micro-batches where others have four.
const rows = Array.from({ length: 11 }, (_, row) => {
  const ids = Array.from({ length: 5 + ((row * 5) % 9) }, (__, i) => (row * 37 + i * 11) % 320);
  return { input_ids: ids, labels: ids.map((id, i) => (i < 1 + (row % 4) ? -100 : id)) };
});
const train = {
  maxSteps: 50,
  batchSize: 1,
  gradientAccumulation: 4,
  learningRate: 0.01,
  evalEvery: 10,
  seed: 3,
};

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

interface Finished {
  readonly reports: StepReport[];
  readonly summary: FinetuneSummary;
}

async function finish(options: FinetuneOptions, until = Number.POSITIVE_INFINITY): Promise<Finished> {
  const reports: StepReport[] = [];
  const stop = new AbortController();
  const steps = finetune({ ...options, signal: stop.signal });
  for (let next = await steps.next(); ; next = await steps.next()) {
    if (next.done) return { reports, summary: next.value };
    reports.push(next.value);
    if (next.value.step === until) stop.abort();
  }
}
/** What all ranks come to. @param until the step after which the last rank asks for the end */
async function onRanks(size: number, options: FinetuneOptions, until?: number): Promise<Finished[]> {
  return await Promise.all(
    localGroup(size).map((collective) =>
      finish({ ...options, collective }, collective.rank === size - 1 ? until : undefined),
    ),
  );
}
const lora = { rank: 4, dropout: 0.1 };
const options = (more: Partial<FinetuneOptions> = {}): FinetuneOptions => ({
  model,
  data,
  validation: data,
  lora,
  train,
  ...more,
});
const numbers = (reports: readonly StepReport[]) =>
  reports.map(({ step, loss, gradNorm, tokens, validationLoss }) => ({
    step,
    loss,
    gradNorm,
    tokens,
    validationLoss,
  }));

/**
 * Ranks add micro-batches in another order than one does. Where products are in half precision, as on processors that have them, what
 * differs by a rounding of float32 flips roundings of bfloat16, and curves part by 1e-5 whatever the rate.
 */
const exact = { engine: "wasm", precision: "fp32" } as const;

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a run on several ranks", () => {
  it.each([2, 4])("has the curve of one rank over 50 steps, with %i", async (size) => {
    // A place of its own: other runs, and such as were killed, leave folders in the common one.
    const temporary = await mkdtemp(join(folder, "temporary-"));
    vi.stubEnv("TMPDIR", temporary);
    const alone = await finish(options(exact));
    const output = newRun();
    const all = await onRanks(size, options({ output, ...exact }));
    for (const { reports } of all) {
      expect(reports).toHaveLength(50);
      expect(numbers(reports)).toEqual(numbers(all[0].reports));
      reports.forEach(({ loss, validationLoss, tokens }, i) => {
        const own = alone.reports[i];
        expect(Math.abs(loss / own.loss - 1)).toBeLessThan(1e-5);
        expect(tokens).toBe(own.tokens);
        if (own.validationLoss !== undefined) {
          expect(Math.abs(validationLoss! / own.validationLoss - 1)).toBeLessThan(1e-5);
        }
      });
    }
    // The first rank writes the run, and the others nothing that stays.
    expect(all[0].summary.adapter).toBe(join(output, "adapter"));
    expect(all[0].summary.passport).not.toBeNull();
    for (const { summary } of all.slice(1)) {
      expect(summary.adapter).toBeNull();
      expect(existsSync(summary.run!)).toBe(false);
    }
    const lines = (await readFile(join(output, "metrics.jsonl"), "utf8")).trim().split("\n");
    expect(lines).toHaveLength(50);
    expect((await readdir(temporary)).filter((name) => name.includes("lathe-rank"))).toEqual([]);
  });

  const { batchSize: _rows, ...byTokens } = { ...train, maxTokensPerBatch: 17 };

  it.each([
    ["rows", train],
    ["tokens", byTokens],
  ])(
    "comes to the same bits on any number of ranks where the order is fixed, resumed on another number too, in batches by %s",
    async (_, batches) => {
      const short = { ...batches, maxSteps: 12, saveEvery: 5 };
      const [one, three, moved] = [newRun(), newRun(), newRun()];
      const alone = await finish(options({ output: one, deterministic: true, train: short }));
      const all = await onRanks(3, options({ output: three, deterministic: true, train: short }));
      for (const { reports } of all) expect(numbers(reports)).toEqual(numbers(alone.reports));
      expect((await adapterOf(three)).equals(await adapterOf(one))).toBe(true);

      // One of four ranks is asked to end: all do so before the same step, and the first leaves a checkpoint.
      const parted = await onRanks(4, options({ output: moved, deterministic: true, train: short }), 7);
      for (const { summary } of parted) expect(summary).toMatchObject({ interrupted: true, steps: 7 });
      const rest = await onRanks(2, { output: moved, resume: true });
      for (const { reports } of rest) expect(numbers(reports)).toEqual(numbers(alone.reports).slice(7));
      expect((await adapterOf(moved)).equals(await adapterOf(one))).toBe(true);
    },
  );

  it.each([
    [
      "LoRA",
      { lora },
      [
        [4, 2],
        [1, 2],
      ],
    ],
    ["the weights themselves", { method: "full", lora: undefined, full: {} }, [[2, 1]]],
    [
      "some layers at a time",
      { method: "full", lora: undefined, full: { lisaLayers: 1, lisaEvery: 3 } },
      [[2, 3]],
    ],
  ] as const)(
    "with moments in shards, training %s, has the curve that it has without",
    async (_, method, moves) => {
      const settings = { ...train, maxSteps: 8, saveEvery: 5, evalEvery: 0, learningRate: 1e-3 };
      const asked = options({ ...exact, ...method, train: settings });
      const alone = await finish({ ...asked, deterministic: true, output: newRun() });
      const isNear = (reports: readonly StepReport[]): void => {
        expect(reports).toHaveLength(8);
        reports.forEach(({ loss }, i) => {
          expect(Math.abs(loss / alone.reports[i].loss - 1)).toBeLessThan(1e-5);
        });
      };
      for (const { reports } of await onRanks(2, { ...asked, zeroStage: 2 })) isNear(reports);

      // Where the order is fixed it has the same bits, and goes on to them on another number of ranks, and on one.
      for (const [begun, goesOn] of moves) {
        const moved = newRun();
        await onRanks(begun, { ...asked, zeroStage: 2, deterministic: true, output: moved }, 4);
        const rest = await onRanks(goesOn, { output: moved, resume: true });
        for (const { reports } of rest) expect(numbers(reports)).toEqual(numbers(alone.reports).slice(4));
        const last = "checkpoints/step-8";
        const files = (await readdir(join(moved, last))).filter((name) => name.endsWith(".safetensors"));
        expect(files).toContain("optimizer.safetensors");
        for (const file of files) {
          const expected = await readFile(join(alone.summary.run!, last, file));
          expect((await readFile(join(moved, last, file))).equals(expected), file).toBe(true);
        }
      }
    },
  );

  it("costs a rank by itself nothing", async () => {
    const asked: string[] = [];
    const collective = new Proxy(localCollective(), {
      get(target, name: keyof Collective) {
        if (typeof target[name] === "function") asked.push(name);
        return target[name];
      },
    });
    const settings = { ...train, maxSteps: 3 };
    const alone = await finish(options({ train: settings }));
    const ranked = await finish(options({ train: settings, collective, zeroStage: 2 }));
    expect(numbers(ranked.reports)).toEqual(numbers(alone.reports));
    expect(asked).toEqual([]);
  });

  it("is refused where a rank would compute nothing, or ranks do not agree", async () => {
    await expect(onRanks(5, options())).rejects.toThrow(
      "train.gradientAccumulation: expected at least the number of ranks, 5",
    );
    await expect(onRanks(2, options({ zeroStage: 2, proximal: 0.1 }))).rejects.toThrow(
      "zeroStage leaves each rank a part of the gradients, and proximal is added to all of them",
    );
    await expect(onRanks(2, options({ zeroStage: 3 as 2 }))).rejects.toThrow(
      "zeroStage: expected one of 0, 2, got 3",
    );
    const [left, right] = localGroup(2);
    const phases = new Set<string>();
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "progress") phases.add(event.phase);
    };
    const outcomes = await Promise.allSettled([
      finish(options({ collective: left, onEvent })),
      finish(options({ collective: right, onEvent, train: { ...train, learningRate: 0.02 } })),
    ]);
    // Told before a model's weights are read, which may take minutes.
    expect([...phases]).toContain("hashing");
    expect([...phases]).not.toContain("loading");
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: {
          message: expect.stringMatching(
            /^ranks disagree on settings: .* on rank 1; give all machines/,
          ) as unknown,
        },
      });
    }
  });

  it("is refused where rows or a model have other bytes on a rank, in as many rows and tensors", async () => {
    const others = await writeJsonl(
      join(folder, "others.jsonl"),
      rows.map((row, i) =>
        i === 7 ? { ...row, input_ids: row.input_ids.map((id) => (id + 1) % 320) } : row,
      ),
    );
    const copy = join(await temporaryFolder(), "model");
    await cp(model, copy, { recursive: true });
    const weights = join(copy, "model.safetensors");
    const bytes = await readFile(weights);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(weights, bytes);
    for (const [name, more] of [
      ["data", { data: others }],
      ["model", { model: copy }],
    ] as const) {
      const [left, right] = localGroup(2);
      const outcomes = await Promise.allSettled([
        finish(options({ collective: left })),
        finish(options({ collective: right, ...more })),
      ]);
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({
          status: "rejected",
          reason: { message: expect.stringMatching(new RegExp(`^ranks disagree on ${name}: `)) as unknown },
        });
      }
    }
  });
});
