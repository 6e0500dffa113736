/** Ranks within one process: a run is the same run on any number of them. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localGroup } from "@lathe/distributed";
import type { StepReport } from "@lathe/train";
import { beforeAll, describe, expect, it } from "vitest";
import { finetune, type FinetuneSummary } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import { temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

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
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});
const newRun = (): string => join(folder, `run-${++count}`);

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
const adapterOf = (run: string): Promise<Buffer> => readFile(join(run, "adapter/adapter_model.safetensors"));
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

describe("a run on several ranks", () => {
  it.each([2, 4])("has the curve of one rank over 50 steps, with %i", async (size) => {
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
    expect((await readdir(tmpdir())).filter((name) => name.startsWith("lathe-rank-"))).toEqual([]);
  });

  it("comes to the same bits on any number of ranks where the order is fixed, resumed on another number too", async () => {
    const short = { ...train, maxSteps: 12, saveEvery: 5 };
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
  });

  it("is refused where a rank would compute nothing, or ranks do not agree", async () => {
    await expect(onRanks(5, options())).rejects.toThrow(
      "train.gradientAccumulation: expected at least the number of ranks, 5",
    );
    const [left, right] = localGroup(2);
    const outcomes = await Promise.allSettled([
      finish(options({ collective: left })),
      finish(options({ collective: right, train: { ...train, learningRate: 0.02 } })),
    ]);
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
});
