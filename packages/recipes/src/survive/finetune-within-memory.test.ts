/** Processes run the built package. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asFileError } from "@lathe/files";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { RecipeEvent } from "../recipe-event.js";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import type * as Recipes from "../index.js";
import { outOfMemoryReason } from "./out-of-memory.js";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
let recipes: typeof Recipes;
let folder: string;
let data: string;
const model = tinyModel("qwen2");
/** In which the order of sums makes no difference that would be seen. */
const precision = "fp32";
/** Masks of dropout are drawn by micro-batch. */
const lora = { dropout: 0 };
const train = { maxSteps: 6, batchSize: 4, gradientAccumulation: 1, learningRate: 0.01, saveEvery: 2 };

beforeAll(async () => {
  if (!existsSync(built)) throw new Error("build the packages first: npm run build");
  recipes = (await import(built)) as typeof Recipes;
  folder = await temporaryFolder();
  const rows = Array.from({ length: 16 }, (_, row) => ({
    input_ids: Array.from({ length: 8 }, (_, i) => (row * 31 + i * 7) % 320),
  }));
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

const configOf = async (run: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(run, "config.json"), "utf8")) as Record<string, unknown>;

/** Refuses memory before anything is written. */
function refuse({ type }: RecipeEvent): void {
  if (type === "engine") throw new RangeError("Array buffer allocation failed");
}

describe("finetuneWithinMemory", () => {
  it("goes on after kills near the budget, each time with the next remedy, to the losses of a run never stopped", async () => {
    const whole: number[] = [];
    for await (const { loss } of recipes.finetune({ model, data, train, lora, precision })) whole.push(loss);
    const output = join(folder, "killed");
    const changes: object[] = [];
    const pids: number[] = [];
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "out-of-memory") changes.push({ reason: event.reason, ...event.settings });
    };
    const losses = new Map<number, number>();
    const run = recipes.finetuneWithinMemory({
      model,
      data,
      train,
      lora,
      precision,
      output,
      // What the process takes is near to that from the start.
      memory: 144e6,
      watched: true,
      onProcess: (pid) => pids.push(pid),
      // As on a system that does not tell whom it has ended for want of memory.
      countKills: () => Promise.resolve(null),
      onEvent,
    });
    for await (const { step, loss } of run) {
      losses.set(step, loss);
      if (pids.length === 1 && step === 3) process.kill(pids[0], "SIGKILL");
      if (pids.length === 2 && step === 5) process.kill(pids[1], "SIGKILL");
    }
    expect(changes).toEqual([
      { reason: "killed", checkpointing: "block" },
      { reason: "killed", "train.batchSize": 2, "train.gradientAccumulation": 2 },
    ]);
    expect(pids).toHaveLength(3);
    expect(losses.size).toBe(6);
    for (const [index, loss] of whole.entries()) expect(losses.get(index + 1)).toBeCloseTo(loss, 4);
    expect(await configOf(output)).toMatchObject({
      checkpointing: "block",
      batchSize: 2,
      gradientAccumulation: 2,
    });
  });

  it("goes on in a process where an allocation is refused in this one, and not with an earlier run", async () => {
    const output = join(folder, "refused");
    const told: RecipeEvent[] = [];
    let isRefused = false;
    const onEvent = (event: RecipeEvent): void => {
      told.push(event);
      if (event.type !== "plan-corrected" || isRefused) return;
      isRefused = true;
      throw new RangeError("Array buffer allocation failed");
    };
    const steps: number[] = [];
    const options = { model, data, train, output, onEvent };
    for await (const { step } of recipes.finetuneWithinMemory(options)) steps.push(step);
    // Step 3 was refused, and step 2 is the newest checkpoint.
    expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
    const changes = told.filter(({ type }) => type === "out-of-memory" || type === "resuming");
    expect(changes).toMatchObject([
      { type: "out-of-memory", reason: "refused", settings: { checkpointing: "block" } },
      { type: "resuming", step: 2 },
    ]);
    const atOnce = { ...options, overwrite: true, onEvent: refuse };
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await expect(recipes.finetuneWithinMemory(atOnce).next()).rejects.toThrow("allocation failed");
  });

  it.each<[what: string, options: Partial<Recipes.WithinMemoryOptions>]>([
    [
      "far from the budget, where the system does not tell",
      { memory: "64GB", countKills: () => Promise.resolve(null) },
    ],
    [
      "near the budget, where the system counts none",
      { memory: 144e6, countKills: () => Promise.resolve(5) },
    ],
  ])("is not taken in by a kill that has nothing to do with memory, %s", async (_what, options) => {
    const pids: number[] = [];
    const run = recipes.finetuneWithinMemory({
      model,
      data,
      train,
      output: join(folder, `by-hand-${String(options.memory)}`),
      watched: true,
      onProcess: (pid) => pids.push(pid),
      ...options,
    });
    const all = async (): Promise<void> => {
      for await (const { step } of run) if (step === 3) process.kill(pids[0], "SIGKILL");
    };
    await expect(all()).rejects.toThrow("ended by itself (signal SIGKILL)");
    expect(pids).toHaveLength(1);
  });
});

it("knows what engines, Node and processes say where memory is refused", () => {
  const refused = [
    new RangeError("Array buffer allocation failed"),
    new Error("allocate: the system has no 268435456 bytes more"),
    new Error("headLosses: the system has no memory left to work in"),
    new Error("loading", { cause: new Error("mmap: Cannot allocate memory") }),
    // What Node says of a folder that it has no memory to list, as it is and as the sentence about the folder tells it.
    Object.assign(new Error("ENOMEM: not enough memory, scandir 'run'"), {
      code: "ENOMEM",
      syscall: "scandir",
    }),
    asFileError("run", "read", Object.assign(new Error(""), { code: "ENOMEM", syscall: "scandir" })),
  ];
  expect(refused.map(outOfMemoryReason)).toEqual(refused.map(() => "refused"));
  expect(outOfMemoryReason(new Error("the loss is not finite"))).toBeNull();
  expect(outOfMemoryReason("refused")).toBeNull();
});
