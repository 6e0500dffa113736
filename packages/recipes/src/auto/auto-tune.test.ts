import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sayPhrase } from "@lathe/files";
import { tensorMemory } from "@lathe/tensor";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { finetune } from "../finetune.js";
import { temporaryFolder, tinyModel } from "../testing/folders.js";
import { autoTune, type AutoTuneReport, type AutoTuneSummary } from "./auto-tune.js";
import type { AutoTuneOptions } from "./auto-tune-options.js";
import { candidateName } from "./candidate.js";

vi.setConfig({ testTimeout: 240_000 });

const model = tinyModel("qwen2");
const data = Array.from({ length: 60 }, (_, row) => ({
  input_ids: Array.from({ length: 6 }, (_, i) => ((row % 7) * 31 + i * 7) % 320),
}));

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
});

/** A search by a clock that counts how often it is looked at, which it is after every step. */
async function tune(
  options: Partial<AutoTuneOptions> & Pick<AutoTuneOptions, "time">,
): Promise<{ summary: AutoTuneSummary; reports: AutoTuneReport[] }> {
  const reports: AutoTuneReport[] = [];
  let ticks = 0;
  const output = join(folder, `auto-${++count}`);
  const run = autoTune({ model, data, output, memory: "8GB", clock: () => ticks++, ...options });
  for (let next = await run.next(); ; next = await run.next()) {
    if (next.done) return { summary: next.value, reports };
    reports.push(next.value);
  }
}
const adapterOf = (path: string): Promise<Buffer> => readFile(join(path, "adapter_model.safetensors"));

describe("autoTune", () => {
  it("compares short trials in rounds, trains with the best and says why; with a seed, to the same bits", async () => {
    const { summary, reports } = await tune({ time: 1500, seed: 3 });
    const { trials, chosen, result, rows, time } = summary;
    expect(reports.flatMap((report) => (report.type === "trial" ? [report.trial] : []))).toEqual(trials);
    expect(new Set(trials.map(({ round }) => round))).toEqual(new Set([1, 2, 3]));
    expect(new Set(trials.map(({ method }) => method))).toEqual(new Set(["lora", "full"]));
    const last = trials.filter(({ round }) => round === 3);
    const best = last.reduce((a, b) => (a.validationLoss! <= b.validationLoss! ? a : b));
    expect(candidateName(chosen)).toBe(candidateName(best));
    expect(rows.training + rows.validation).toBe(data.length);
    expect(time.spent).toBeLessThanOrEqual(1500);
    expect(result).toMatchObject({ interrupted: false, steps: chosen.steps });
    expect(result.validationLoss).toBeLessThan(Math.log(320));

    const output = join(folder, `auto-${count}`);
    expect((await readdir(output)).sort()).toEqual(["auto.html", "auto.json", "rows", "run"]);
    const json = JSON.parse(await readFile(join(output, "auto.json"), "utf8")) as Record<string, unknown>;
    expect(json).toMatchObject({ model, chosen, trials });
    expect((json["why"] as string[])[0]).toContain(best.validationLoss!.toFixed(4));
    expect(await readFile(join(output, "auto.html"), "utf8")).toContain(candidateName(best));

    const again = await tune({ time: 1500, seed: 3 });
    expect(again.summary.trials).toEqual(trials);
    expect(again.summary.result.loss).toBe(result.loss);
    await expect(tune({ time: 10, output })).rejects.toThrow(/exists already/);
  });

  it("ends its run when the time is over, with an adapter and a run that can be resumed", async () => {
    const before = tensorMemory().tensors;
    let ticks = 0;
    let pace = 1;
    // The machine becomes slower when the run has begun.
    const clock = (): number => (ticks += pace);
    const output = join(folder, "slow");
    const run = autoTune({ model, data, output, memory: "8GB", time: 400, clock });
    let next = await run.next();
    for (; !next.done; next = await run.next()) {
      if (next.value.type === "chosen") pace = 40;
    }
    const { result, adapter, chosen, time } = next.value;
    expect(result).toMatchObject({ interrupted: true, adapter: null });
    expect(result.steps).toBeLessThan(chosen.steps);
    expect(time.spent).toBeLessThanOrEqual(400 + 2 * pace);
    if (chosen.rank !== null) expect((await adapterOf(adapter!)).length).toBeGreaterThan(0);
    const rest = finetune({ output: join(output, "run"), resume: true });
    let more = await rest.next();
    while (!more.done) more = await rest.next();
    expect(more.value).toMatchObject({ interrupted: false, steps: chosen.steps });
    expect(tensorMemory().tensors).toBe(before);
  });

  it("begins its run anew with the steps that there is time for, where the machine turns out to be faster", async () => {
    let ticks = 0;
    let pace = 40;
    // Another program ends as the run begins.
    const clock = (): number => (ticks += pace);
    const output = join(folder, "fast");
    const many = Array.from({ length: 4 }, () => data).flat();
    const run = autoTune({ model, data: many, output, memory: "8GB", time: 1000, clock });
    const chosen: number[] = [];
    const steps: number[] = [];
    let next = await run.next();
    for (; !next.done; next = await run.next()) {
      if (next.value.type === "step") steps.push(next.value.report.step);
      if (next.value.type !== "chosen") continue;
      chosen.push(next.value.chosen.steps);
      pace = 1;
    }
    const { result, time, why } = next.value;
    expect(chosen).toHaveLength(2);
    expect(chosen[1]).toBeGreaterThanOrEqual(1.5 * chosen[0]);
    expect(steps).toEqual([1, 2, 3, 4, ...Array.from({ length: chosen[1] }, (_, step) => step + 1)]);
    expect(result).toMatchObject({ interrupted: false, steps: chosen[1] });
    expect(next.value.chosen.steps).toBe(chosen[1]);
    expect(why.map((sentence) => sayPhrase(sentence)).join("\n")).toContain("begun anew after 4 steps");
    expect(time.spent).toBeLessThanOrEqual(1000);
  });

  it("takes what suits most models where there is no time for trials", async () => {
    const { summary } = await tune({ time: 12 });
    expect(summary.trials).toEqual([]);
    expect(summary.chosen).toMatchObject({ method: "lora", targets: ["all-linear"], rank: 16 });
    expect(summary.time.spent).toBeLessThanOrEqual(12 + 2);
  });

  it("names the field at fault", async () => {
    await expect(tune({ time: 0 })).rejects.toMatchObject({ fields: ["time"] });
    await expect(tune({ time: 9, seed: -1 })).rejects.toMatchObject({ fields: ["seed"] });
    await expect(tune({ time: 9, memory: "1KB" })).rejects.toMatchObject({ fields: ["memory"] });
    await expect(tune({ time: 9, data: data.slice(0, 1) })).rejects.toMatchObject({ fields: ["data"] });
  });
});
