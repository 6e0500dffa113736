/** What a run notices of itself: steps that are not finite, losses that leap up or do not fall. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeTokenFile } from "@lathe/data";
import { beforeAll, describe, expect, it } from "vitest";
import type { FinetuneOptions } from "./finetune-options.js";
import type { RecipeEvent } from "./recipe-event.js";
import { temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";
import { finish } from "./testing/finish.js";
import { readJson } from "./testing/recorded-runs.js";

const model = tinyModel("qwen2");
const ids = (from: number): number[] => Array.from({ length: 8 }, (_, i) => (from + i * 7) % 320);

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
});

/** Runs to the end, or to its error. */
async function watch(options: Omit<FinetuneOptions, "model">) {
  const output = join(folder, `run-${++count}`);
  const events: RecipeEvent[] = [];
  const onEvent = (event: RecipeEvent): void => void events.push(event);
  const end = await finish({ model, output, ...options, onEvent }).catch((error: unknown) => error as Error);
  const of = <Type extends RecipeEvent["type"]>(type: Type) =>
    events.filter((event): event is Extract<RecipeEvent, { type: Type }> => event.type === type);
  return { output, end, of };
}

/** Makes weights that are not finite in the first step. */
const breaking = { learningRate: 1e30, schedule: "constant", batchSize: 2, gradientAccumulation: 1 } as const;

describe("a step that is not finite", () => {
  it("is told with file and line of its rows", async () => {
    const rows = Array.from({ length: 4 }, (_, row) => ({ input_ids: ids(row) }));
    const data = await writeJsonl(join(folder, "broken.jsonl"), [{ shape: "none" }, ...rows]);
    const { end, of } = await watch({
      data,
      rejectLimit: 0.5,
      train: { ...breaking, maxSteps: 4, maxBadSteps: 2, shuffle: false },
    });
    expect(end).toMatchObject({ name: "DivergenceError", step: 3 });
    const events = of("bad-step");
    expect(events.map(({ step }) => step)).toEqual([2, 3]);
    expect(Number.isFinite(events[0].value)).toBe(false);
    // The first row of the file is set aside: the third and fourth that are used lie on lines 4 and 5.
    expect(events[0]).toMatchObject({ rows: [2, 3], places: [`${data}:4`, `${data}:5`] });
    expect((end as Error).message).toContain(`rows ${data}:2, ${data}:3;`);
  });

  it("is told with the lines that a token file was made from, where they lie beside it, and else with its rows", async () => {
    const data = join(folder, "tokens.arrow");
    const numbered = [0, 1, 4, 7].map((row) => ({
      inputIds: Int32Array.from(ids(row)),
      labels: Int32Array.from(ids(row)),
      row,
    }));
    await writeTokenFile(data, numbered, { tokenizerHash: null, templateHash: null, maxTokens: null });
    const options = { data, train: { ...breaking, maxSteps: 2, maxBadSteps: 1, shuffle: false } };
    const alone = await watch(options);
    expect(alone.of("bad-step")[0].places).toEqual([3, 4].map((row) => `${data}:${row}`));
    const texts = join(folder, "tokens.jsonl");
    await writeFile(texts, "");
    const beside = await watch(options);
    expect(beside.of("bad-step")[0].places).toEqual([5, 8].map((line) => `${texts}:${line}`));
  });
});

it("a loss that leaps up is told once, kept in the metrics and drawn", async () => {
  const data = Array.from({ length: 40 }, (_, row) => ({
    input_ids: row === 36 || row === 37 ? ids(99) : ids(5),
  }));
  const { output, end, of } = await watch({
    data,
    train: { learningRate: 0.01, batchSize: 1, gradientAccumulation: 1, epochs: 1, shuffle: false },
  });
  expect(of("spike")).toHaveLength(1);
  const [spike] = of("spike");
  expect(spike).toMatchObject({ step: 37, rows: [36], places: ["data:37"] });
  expect(spike.loss).toBeGreaterThan(spike.median);
  expect(spike.deviations).toBeGreaterThan(6);
  const lines = (await readFile(join(output, "metrics.jsonl"), "utf8")).trim().split("\n");
  const { type: _type, step: _step, loss: _loss, ...kept } = spike;
  expect(JSON.parse(lines[36])).toMatchObject({ spike: kept });
  expect(end).toMatchObject({ spikes: 2, badSteps: 0, stalled: null });
  expect(await readFile(join(output, "report.html"), "utf8")).toContain("Leaps of the loss");
});

it("a loss that does not fall is told with advice from the run's own numbers, and so says the report", async () => {
  const data = Array.from({ length: 60 }, (_, row) => ({ input_ids: ids(row) }));
  const { output, end, of } = await watch({
    data,
    train: { learningRate: 1e-9, batchSize: 1, gradientAccumulation: 1, epochs: 1, maxGradNorm: 1e-3 },
  });
  const [first, last] = of("stalled");
  expect([first.step, last.step]).toEqual([50, 60]);
  expect(last.advice).toEqual(["raise-rate", "raise-clipping"]);
  expect(last).toMatchObject({ clippedShare: 1, learningRate: 1e-9, maxGradNorm: 1e-3 });
  expect(end).toMatchObject({ stalled: { lastLoss: last.lastLoss } });
  const report = await readJson<Record<string, unknown>>(join(output, "report.json"));
  expect(report["stalled"]).toMatchObject({ advice: ["raise-rate", "raise-clipping"] });
  const page = await readFile(join(output, "report.html"), "utf8");
  expect(page).toContain("The loss has not fallen since the run began");
});
