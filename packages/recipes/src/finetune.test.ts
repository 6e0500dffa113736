import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { hashFile, sayPhrase } from "@lathe/files";
import { activeAdapters, adapterConfig } from "@lathe/peft";
import { tensorMemory } from "@lathe/tensor";
import type { StepReport } from "@lathe/train";
import { beforeAll, describe, expect, it } from "vitest";
import { finetune } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import { planMemory } from "./memory/plan-memory.js";
import { openModel } from "./model/open-model.js";
import type { RecipeEvent } from "./recipe-event.js";
import { RecipeError } from "./recipe-error.js";
import { finish } from "./testing/finish.js";
import { adapterOf, newRun, shortRows, temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

const model = tinyModel("qwen2");
const learning = { maxSteps: 4, batchSize: 2, gradientAccumulation: 2, learningRate: 0.01 };

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), shortRows);
});

describe("finetune", () => {
  it("yields every step and returns where the adapter is and what the run came to", async () => {
    const output = newRun();
    const steps: number[] = [];
    const options = { model, data, validation: data, output, lora: { rank: 4 }, train: learning };
    const summary = await finish(options, ({ step }) => steps.push(step));
    expect(steps).toEqual([1, 2, 3, 4]);
    expect(summary).toMatchObject({
      steps: 4,
      adapter: join(output, "adapter"),
      run: output,
      interrupted: false,
      rows: { train: { read: 12, used: 12, rejected: 0 }, validation: { used: 12 } },
    });
    expect(summary.validationLoss).toBeGreaterThan(0);
    expect(JSON.parse(await readFile(join(output, "report.json"), "utf8"))).toEqual(
      JSON.parse(JSON.stringify(summary)),
    );
    const entries = ["adapter", "checkpoints", "config.json", "metrics.jsonl", "report.html", "report.json"];
    expect((await readdir(output)).filter((name) => !name.startsWith(".")).sort()).toEqual(entries);
  });

  it("learns from a folder of files, and its passport has their hash", async () => {
    const many = await temporaryFolder();
    await writeJsonl(join(many, "train-00000-of-00002.jsonl"), shortRows);
    await writeJsonl(join(many, "train-00001-of-00002.jsonl"), shortRows);
    await writeJsonl(join(many, "validation.jsonl"), shortRows);
    const output = newRun();
    const options = { model, data: many, validation: many, output, lora: { rank: 4 }, train: learning };
    const { rows, passport } = await finish(options);
    expect(rows).toMatchObject({ train: { used: 24 }, validation: { used: 12 } });
    expect(passport!.hashes.validation).toBe((await hashFile(join(many, "validation.jsonl"))).sha256);
    expect(passport!.hashes.data).toMatch(/^[0-9a-f]{64}$/);
  });

  it("shows how far the reading of its rows is", async () => {
    const events: RecipeEvent[] = [];
    await finish({ model, data, lora: { rank: 4 }, train: learning, onEvent: (event) => events.push(event) });
    const { size } = await stat(data);
    const first = events.findIndex(({ type }) => type === "progress");
    expect(events[first]).toMatchObject({ phase: "reading", done: size, total: size });
  });

  it("says after three steps what it takes, beside what was planned", async () => {
    const output = newRun();
    const told: RecipeEvent[] = [];
    const onEvent = (event: RecipeEvent): void => void told.push(event);
    const { plan } = await finish({ model, data, output, lora: { rank: 4 }, train: learning, onEvent });
    const corrections = told.flatMap((event) => (event.type === "plan-corrected" ? [event.correction] : []));
    expect(corrections).toEqual([plan]);
    expect(plan!.step).toBe(3);
    expect(plan!.expectedBytes).toBeGreaterThan(5e7);
    expect(plan!.remainingSeconds).toBeCloseTo(plan!.secondsPerStep);
    const short = await finish({ model, data, train: { ...learning, maxSteps: 2 } });
    expect(short.plan).toBeNull();
  });

  it("ends early when the validation loss falls no more, and does not go on when resumed", async () => {
    const output = newRun();
    // A rate so high that the loss rises.
    const train = { ...learning, maxSteps: 12, learningRate: 3, evalEvery: 1, patience: 2 };
    const summary = await finish({ model, data, validation: data, output, lora: { rank: 4 }, train });
    const { steps, stoppedEarly, interrupted, adapter } = summary;
    expect({ stoppedEarly, interrupted }).toEqual({ stoppedEarly: true, interrupted: false });
    expect(steps).toBeLessThan(12);
    expect(adapter).not.toBeNull();
    const lines = (await readFile(join(output, "metrics.jsonl"), "utf8")).trim().split("\n");
    const losses = lines.map((line) => (JSON.parse(line) as { validationLoss: number }).validationLoss);
    expect(losses).toHaveLength(steps);
    expect(Math.min(...losses.slice(-2))).toBeGreaterThanOrEqual(Math.min(...losses.slice(0, -2)));
    const before = await adapterOf(output);
    const again = await finish({ output, resume: true });
    expect(again).toMatchObject({ steps, stoppedEarly: true });
    expect(await adapterOf(output)).toEqual(before);
    await expect(finish({ model, data, output: newRun(), train })).rejects.toThrow(
      "train.patience waits for evaluations, and there are no rows for them: give validation",
    );
  });

  it("gives the same bits from a file, from rows in memory and from rows that come one by one", async () => {
    const sources = [
      data,
      shortRows,
      (async function* () {
        yield* shortRows;
      })(),
      {
        length: shortRows.length,
        row: (index: number) => ({
          inputIds: Int32Array.from(shortRows[index].input_ids),
          labels: Int32Array.from(shortRows[index].labels),
        }),
      },
    ];
    const adapters = [];
    for (const source of sources) {
      const output = newRun();
      await finish({ model, data: source, output, train: learning });
      adapters.push(await adapterOf(output));
    }
    for (const adapter of adapters) expect(adapter.equals(adapters[0])).toBe(true);
  });

  it("leaves nothing behind in the process, run after run, whether it ends, is left or fails", async () => {
    const options = { model, data, train: learning };
    await finish(options);
    const { tensors } = tensorMemory();
    await finish(options);
    expect(tensorMemory().tensors).toBe(tensors);
    const output = newRun();
    for await (const { step } of finetune({ ...options, output })) if (step === 2) break;
    expect(tensorMemory().tensors).toBe(tensors);
    // The run is free for another.
    await finish({ ...options, output, overwrite: true });
    await expect(finish({ ...options, memory: 1e6 })).rejects.toThrow("memory: expected at least");
    expect(tensorMemory().tensors).toBe(tensors);
  });

  it("writes a checkpoint when the signal aborts, and goes on from it to the same bits", async () => {
    const [whole, parts] = [newRun(), newRun()];
    const options = { model, data, lora: { dropout: 0.3 }, train: { ...learning, maxSteps: 8 } };
    await finish({ ...options, output: whole });
    const abort = new AbortController();
    const onStep = ({ step }: StepReport): void => {
      if (step === 3) abort.abort();
    };
    const cut = await finish({ ...options, output: parts, signal: abort.signal }, onStep);
    expect(cut).toMatchObject({ interrupted: true, adapter: null, steps: 3 });
    expect(await readdir(join(parts, "checkpoints"))).toEqual(["step-3"]);
    const events: RecipeEvent[] = [];
    // Nothing but the folder has to be said again.
    const rest = await finish({ output: parts, resume: true, onEvent: (event) => events.push(event) });
    expect(rest).toMatchObject({ interrupted: false, steps: 8 });
    expect(events).toContainEqual(expect.objectContaining({ type: "resuming", step: 3 }));
    expect((await adapterOf(parts)).equals(await adapterOf(whole))).toBe(true);
  });

  it("throws the reason of a signal that aborts before the first step, and writes nothing", async () => {
    const output = newRun();
    const reason = new Error("not today");
    await expect(finish({ model, data, output, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });

  it("leaves the adapter on a model that was handed in open, in place of the one before", async () => {
    const opened = await openModel(model);
    try {
      await finish({ model: opened, data, lora: { rank: 2 }, train: learning });
      const { tensors } = tensorMemory();
      await finish({ model: opened, data, lora: { rank: 3 }, train: learning });
      expect(tensorMemory().tensors).toBe(tensors);
      expect(activeAdapters(opened.model)).toEqual(["default"]);
      expect(adapterConfig(opened.model, "default").rank).toBe(3);
    } finally {
      opened.dispose();
    }
  });

  it("tells rows that are not used as they are as data", async () => {
    const events: RecipeEvent[] = [];
    const output = newRun();
    await finish({
      model,
      data: [...shortRows, { input_ids: [1, 2, 3], labels: [-100, -100, -100] }, { no: "row" }],
      output,
      maxTokens: 8,
      rejectLimit: 0.2,
      train: learning,
      onEvent: (event) => events.push(event),
    });
    const list = join(output, "rejected.jsonl");
    expect(events.filter(({ type }) => type === "rows")).toEqual([
      { type: "rows", source: "data", outcome: "rejected", count: 1, total: 14, list },
      { type: "rows", source: "data", outcome: "unscored", count: 1, total: 14 },
      { type: "rows", source: "data", outcome: "truncated", count: 4, total: 14, limit: 8 },
    ]);
    expect(JSON.parse(await readFile(list, "utf8"))).toMatchObject({
      row: { no: "row" },
      file: "data",
      line: 14,
    });
  });

  it("takes no more memory than its plan says", async () => {
    const opened = await openModel(model, { engine: "native" });
    try {
      const before = tensorMemory().bytes;
      const summary = await finish({ model: opened, data, train: learning });
      const lengths = shortRows.map(({ input_ids }) => input_ids.length).sort((a, b) => b - a);
      const plan = await planMemory({
        model: opened,
        engine: opened.engine,
        tokens: lengths[0] + lengths[1],
      });
      const taken = summary.memory.peakTensorBytes - before;
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(plan.expectedBytes);
    } finally {
      opened.dispose();
    }
  });

  it("says what would make a run smaller that does not fit", async () => {
    const train = { ...learning, batchSize: 4, gradientAccumulation: 1 };
    const error = await finish({ model, data, train, memory: 1e6 }).catch((fault: unknown) => fault);
    expect((error as RecipeError).message).toMatch(
      /cheapest first: .*train\.batchSize 2 train\.gradientAccumulation 2 \([\d.e-]+GB less[^)]*\), quantize nf4 /,
    );
  });

  it.each<[Partial<FinetuneOptions>, string[]]>([
    [{ model: undefined, data: undefined }, ["model", "data"]],
    [{ lora: { rank: 0 } }, ["lora.rank"]],
    [{ lora: { targets: ["q_prj"] } }, ["lora.targets"]],
    [{ lora: { rankPattern: { q_proj: 0 } } }, ["lora.rankPattern.q_proj"]],
    [{ train: { learningRate: -1 } }, ["train.learningRate"]],
    [{ train: { batchSize: 0.5 } }, ["train.batchSize"]],
    [{ rejectLimit: 2, maxTokens: 1 }, ["rejectLimit", "maxTokens"]],
    [{ memory: "much" }, ["memory"]],
    [{ resume: true }, ["output"]],
    [{ data: [{ text: "a" }] }, ["data"]],
  ])("%j: names the field", async (wrong, fields) => {
    const error: unknown = await finish({ model, data, ...wrong }).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(RecipeError);
    expect((error as RecipeError).fields).toEqual(fields);
    const renamed = (error as RecipeError).sentences((field) => `<${field}>`).map((one) => sayPhrase(one));
    if (fields[0] !== "data")
      expect(renamed.map((text) => text.split(/[:,] /)[0])).toEqual(fields.map((field) => `<${field}>`));
    expect((error as RecipeError).message).not.toContain("--");
  });

  it("refuses all that is wrong at once, each with its fix, before it looks at model, rows or output", async () => {
    const nowhere = join(folder, "nowhere");
    const error: unknown = await finish({
      model: nowhere,
      data: nowhere,
      output: folder,
      memory: "much",
      objective: "dpo",
      beta: 0,
      simpoGamma: 1,
      maxTokens: 1,
      lora: { rank: 0, init: "loftq", dropout: 2 },
      loss: { labelSmoothing: 1 },
      train: { batchSize: 0, learningRate: -1, patience: 3, optimizer: "adafactor", beta1: 0.5 },
    }).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(RecipeError);
    const sentences = (error as RecipeError).sentences((field) => field).map((one) => sayPhrase(one));
    expect(sentences).toEqual([
      "lora.rank: expected a whole number from 1 on, got 0",
      "lora.dropout: expected a probability in [0, 1), got 2",
      "loss.labelSmoothing: expected a share from 0, below 1, got 1",
      "train.batchSize: expected a whole number from 1, got 0",
      "train.learningRate: expected a number from 0, got -1",
      "memory: expected bytes, or a size such as 8GB or 7.5GiB, got much",
      "beta: expected a number above 0, got 0",
      "lora.init loftq packs the base together with the adapter: give quantize nf4, or begin with kaiming or pissa",
      "train.beta1 is a constant of AdamW, and train.optimizer adafactor has none of it: leave it out",
      "simpoGamma belongs to objective simpo: give one of these, or leave it out",
      "loss.labelSmoothing is added to the likelihood of labels, and objective dpo compares completions: leave it out",
      "train.patience waits for evaluations, and there are no rows for them: give validation, or leave it out",
      "maxTokens: expected a whole number from 2, got 1",
    ]);
  });

  it("refuses to resume with other settings, field by field", async () => {
    const output = newRun();
    await finish({ model, data, output, train: learning });
    const other = { output, resume: true, lora: { rank: 3 }, train: { learningRate: 1 } };
    await expect(finish(other)).rejects.toMatchObject({ fields: ["lora.rank", "train.learningRate"] });
    expect((await finish({ output, resume: true, train: { saveEvery: 9 } })).interrupted).toBe(false);
  });
});
