/** Real ranks that share every layer: a run is the same run, to float32 rounding, and its adapter is whole. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openSafetensors } from "@lathe/model";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isLauncherThere, printed, runRanks, skippedWithout } from "../../distributed/testing/run-ranks.js";
import { checkFinetuneOptions, finetune } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import { temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

const rows = Array.from({ length: 7 }, (_, row) => {
  const ids = Array.from({ length: 5 + ((row * 5) % 9) }, (__, i) => (row * 37 + i * 11) % 320);
  return { input_ids: ids, labels: ids.map((id, i) => (i < 1 + (row % 4) ? -100 : id)) };
});

/** Relative, of losses and norms of gradients in float32. */
const CLOSE = 2e-5;

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(folder, { recursive: true });
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
  vi.stubEnv("LATHE_THREADS", "1");
});
afterAll(() => {
  vi.unstubAllEnvs();
});

type Settings = Omit<FinetuneOptions, "signal" | "onEvent" | "collective">;

const settings = (model: Parameters<typeof tinyModel>[0], more: Settings = {}): Settings => ({
  model: tinyModel(model),
  data,
  validation: data,
  precision: "fp32",
  lora: { rank: 4, dropout: 0.1, targets: "all-linear" },
  train: { maxSteps: 6, batchSize: 1, gradientAccumulation: 2, learningRate: 0.01, evalEvery: 3, seed: 3 },
  ...more,
});

interface Step {
  readonly loss: number;
  readonly gradNorm: number;
  readonly tokens: number;
  readonly validationLoss: number | null;
}

const stepOf = ({ loss, gradNorm, tokens, validationLoss }: Partial<Step>): Step =>
  ({ loss, gradNorm, tokens, validationLoss: validationLoss ?? null }) as Step;

async function alone(options: Settings): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const report of finetune(options)) steps.push(stepOf(report));
  return steps;
}

/** The curves of several runs, one after the other in the same processes. */
async function onRanks(size: number, runs: readonly Settings[]): Promise<Step[][]> {
  const recipes = new URL("../dist/index.js", import.meta.url).href;
  const program = `
    import { finetune } from ${JSON.stringify(recipes)};
    const collective = await lathe.openCollective();
    const stepOf = ${stepOf.toString()};
    const curves = [];
    for (const options of ${JSON.stringify(runs)}) {
      const steps = [];
      for await (const report of finetune({ ...options, collective })) steps.push(stepOf(report));
      curves.push(steps);
    }
    // The launcher passes long lines on in pieces, between which those of another rank may come: one rank prints for all.
    const texts = await collective.allGather(new TextEncoder().encode(JSON.stringify(curves)));
    if (collective.rank === 0) print(texts.map((text) => JSON.parse(new TextDecoder().decode(text))));
    await collective.close();`;
  const ended = await runRanks(size, program, { seconds: 280 });
  expect(ended.code, ended.stderr).toBe(0);
  const [all] = printed<Step[][][]>(ended);
  expect(all).toHaveLength(size);
  for (const other of all) expect(other).toEqual(all[0]);
  return all[0];
}

function expectClose(steps: readonly Step[], expected: readonly Step[]): void {
  expect(steps).toHaveLength(expected.length);
  steps.forEach((step, i) => {
    expect(step.tokens).toBe(expected[i].tokens);
    for (const name of ["loss", "gradNorm", "validationLoss"] as const) {
      const [value, other] = [step[name], expected[i][name]];
      if (other === null) expect(value).toBeNull();
      else expect(Math.abs(value! / other - 1), `${name} of step ${i + 1}`).toBeLessThan(CLOSE);
    }
  });
}

const adapterFile = "adapter/adapter_model.safetensors";

describe.skipIf(!isLauncherThere("Open MPI"))(
  `ranks that share every layer${skippedWithout("Open MPI")}`,
  { timeout: 300_000 },
  () => {
    /** Holds two ranks to the curves of one. @returns those of the two */
    async function expectSame(runs: readonly Settings[]): Promise<Step[][]> {
      const curves = await onRanks(
        2,
        runs.map((run) => ({ ...run, tensorParallel: 2 })),
      );
      for (const [i, { output: _unwritten, ...run }] of runs.entries())
        expectClose(curves[i], await alone(run));
      return curves;
    }

    it("have the curve of one, two of them, whatever the architecture", async () => {
      await expectSame(
        (["llama", "qwen3", "qwen3_moe", "deepseek_v3"] as const).map((name) => settings(name)),
      );
    });

    it("have the curve of one, two of them, whatever the way", async () => {
      const lora = { rank: 4, dropout: 0, targets: ["o_proj", "down_proj", "lm_head"] };
      await expectSame([
        settings("llama", { quantize: "int8" }),
        settings("llama", { checkpointing: "block" }),
        settings("llama", { lora }),
        settings("llama", { zeroStage: 2 }),
      ]);
    });

    it("compare completions as one does", async () => {
      const pairs = Array.from({ length: 4 }, (_, row) => ({
        prompt_ids: [3 + row, 9, 12],
        chosen_ids: [40 + row, 41, 42],
        rejected_ids: [80 + row, 7],
      }));
      const { validation: _none, ...dpo } = settings("qwen2", {
        data: await writeJsonl(join(folder, "pairs.jsonl"), pairs),
        objective: "dpo",
        lora: { rank: 4, dropout: 0.1 },
        train: { maxSteps: 3, batchSize: 1, gradientAccumulation: 2, learningRate: 0.01 },
      });
      await expectSame([dpo]);
    });

    it("write an adapter that is whole, and checkpoints that one rank goes on from", async () => {
      const [shared, whole] = [join(folder, "shared"), join(folder, "whole")];
      const train = { ...settings("qwen2").train, saveEvery: 3, keepCheckpoints: 5 };
      const [curve] = await expectSame([settings("qwen2", { train, output: shared })]);
      await alone(settings("qwen2", { train, output: whole }));
      const [ours, theirs] = await Promise.all(
        [shared, whole].map((output) => openSafetensors(join(output, adapterFile))),
      );
      expect(ours.names()).toEqual(theirs.names());
      for (const tensor of theirs.names()) {
        expect(ours.info(tensor).shape).toEqual(theirs.info(tensor).shape);
        const others = await theirs.readFloat32(tensor);
        (await ours.readFloat32(tensor)).forEach((value, i) => {
          expect(Math.abs(value - others[i])).toBeLessThan(1e-3);
        });
      }
      await Promise.all([ours.close(), theirs.close()]);
      await rm(join(shared, "checkpoints/step-6"), { recursive: true });
      const rest = await alone({ output: shared, resume: true, tensorParallel: 1 });
      expectClose(rest, curve.slice(3));
    });

    it("have the curve of one, four of them, in one group or two", async () => {
      const runs: readonly Settings[] = [
        // With two heads of keys and values, two ranks each read the same.
        settings("qwen2", { tensorParallel: 4 }),
        settings("qwen2", { tensorParallel: 2 }),
        settings("deepseek_v3", { tensorParallel: 4 }),
      ];
      const curves = await onRanks(4, runs);
      for (const [i, run] of runs.entries())
        expectClose(curves[i], await alone({ ...run, tensorParallel: 1 }));
    });
  },
);

it("want as many ranks", async () => {
  await expect(alone(settings("qwen2", { tensorParallel: 2 }))).rejects.toThrow(
    "tensorParallel: expected a divisor of the number of ranks, 1: launch as many, got 2",
  );
});

describe("what ranks cannot share", () => {
  it.each<[string, Settings, string]>([
    [
      "heads that do not divide",
      { tensorParallel: 3 },
      "3 ranks cannot share self_attn.q_proj, of which there are 4 pieces; these numbers can: 2, 4",
    ],
    [
      "weights that are trained",
      { tensorParallel: 2, method: "full", lora: undefined },
      "shares weights that stay as they are",
    ],
    ["weights on disk", { tensorParallel: 2, stream: true }, "stream leaves them on disk"],
    ["the same bits", { tensorParallel: 2, deterministic: true }, "the same bits on any number of ranks"],
    ["DoRA", { tensorParallel: 2, lora: { useDora: true } }, "lora.useDora asks for whole weights"],
    ["replies", { tensorParallel: 2, samples: 2 }, "samples has one rank answer"],
    ["blocks of nf4", { tensorParallel: 2, quantize: "nf4" }, "nf4 has a scale for each 64"],
    [
      "dropout before the head",
      { tensorParallel: 2, lora: { dropout: 0.1, targets: ["lm_head"] } },
      "lora.dropout drops inputs of lm_head",
    ],
    ["no number", { tensorParallel: 1.5 }, "tensorParallel: expected a whole number from 1, got 1.5"],
  ])("is refused: %s", async (_name, more, sentence) => {
    await expect(checkFinetuneOptions(settings("qwen2", more))).rejects.toThrow(sentence);
  });
});
