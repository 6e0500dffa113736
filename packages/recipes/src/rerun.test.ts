import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { finetune, type FinetuneSummary } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import { rerun, type RerunOptions, type RerunOutcome } from "./rerun.js";
import type { RecipeEvent } from "./recipe-event.js";
import { storiesModel, temporaryFolder, writeJsonl } from "./testing/folders.js";

const rows = Array.from({ length: 12 }, (_, i) => ({
  input: `Question ${i}?`,
  output: `The answer is ${i * i}.`,
}));

let folder: string;
let data: string;
let run: string;
let options: FinetuneOptions;
let summary: FinetuneSummary;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
  run = join(folder, "first");
  options = {
    model: storiesModel,
    data,
    validation: data,
    output: run,
    lora: { rank: 4, dropout: 0.1 },
    train: { maxSteps: 4, batchSize: 2, gradientAccumulation: 1, learningRate: 0.01, evalEvery: 2 },
    samples: 2,
    tensorboard: true,
    language: "zh",
  };
  summary = await finish(finetune(options));
});

async function finish<Result>(steps: AsyncGenerator<unknown, Result>): Promise<Result> {
  for (;;) {
    const next = await steps.next();
    if (next.done) return next.value;
  }
}

async function folderOfRows(name: string): Promise<string> {
  const place = join(folder, name);
  await mkdir(place);
  await writeJsonl(join(place, "a.jsonl"), rows.slice(0, 6));
  await writeJsonl(join(place, "b.jsonl"), rows.slice(6));
  return place;
}

const again = (more: Partial<RerunOptions> = {}): Promise<RerunOutcome> =>
  finish(
    rerun({ report: join(run, "report.json"), output: join(folder, `again-${Math.random()}`), ...more }),
  );

describe("the record of a run", () => {
  it("has replies before the first step and after each evaluation, a page, event files and a passport", async () => {
    const lines = (await readFile(join(run, "samples.jsonl"), "utf8")).trim().split("\n");
    const samples = lines.map((line) => JSON.parse(line) as { step: number; replies: string[] });
    expect(samples.map(({ step }) => step)).toEqual([0, 2, 4]);
    for (const { replies } of samples) expect(replies).toHaveLength(2);
    // What is asked stands with the first replies alone.
    expect(samples.map((line) => Object.hasOwn(line, "prompts"))).toEqual([true, false, false]);
    expect(lines[0]).toContain("Question 0?");
    expect(lines[0]).toContain("The answer is 1.");
    const page = await readFile(join(run, "report.html"), "utf8");
    expect(page).toContain('lang="zh-CN"');
    expect(page).toContain("Question 0?");
    expect(page).toContain("The answer is 1.");
    expect(await readdir(join(run, "tensorboard"))).toEqual([
      expect.stringMatching(/^events\.out\.tfevents\./),
    ]);
    const { passport } = summary;
    expect(passport).toMatchObject({
      node: process.version,
      settings: { rank: 4, maxSteps: 4, model: storiesModel },
      hashes: {
        model: { "config.json": expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        data: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        result: { "adapter/adapter_model.safetensors": expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      },
    });
    expect([2, 4]).toContain(passport!.convergenceStep);
    expect(JSON.parse(await readFile(join(run, "report.json"), "utf8"))).toEqual(
      JSON.parse(JSON.stringify(summary)),
    );
  });

  it("changes no bit of the run, whatever is shown", async () => {
    const plain = join(folder, "plain");
    await finish(finetune({ ...options, output: plain, samples: 0, tensorboard: false }));
    const adapterOf = (path: string) => readFile(join(path, "adapter/adapter_model.safetensors"));
    expect(await adapterOf(plain)).toEqual(await adapterOf(run));
    expect(await readdir(plain)).not.toContain("samples.jsonl");
  });

  it("of a run that was stopped and goes on has each step once", async () => {
    const output = join(folder, "stopped");
    const abort = new AbortController();
    const steps = finetune({ ...options, output, signal: abort.signal });
    await steps.next();
    await steps.next();
    await steps.next();
    abort.abort();
    await finish(steps);
    const resumed = await finish(finetune({ output, resume: true }));
    expect(resumed.passport).toMatchObject({ hashes: { result: summary.passport!.hashes.result } });
    const lines = (await readFile(join(output, "samples.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([0, 2, 4]);
    expect(await readFile(join(output, "samples.jsonl"), "utf8")).toBe(
      await readFile(join(run, "samples.jsonl"), "utf8"),
    );
  });
});

describe("rerun", () => {
  it("gives the same bits and no difference", async () => {
    const events: RecipeEvent[] = [];
    const outcome = await again({ onEvent: (event) => events.push(event) });
    expect(outcome).toMatchObject({ equal: true, differences: [], steps: 4 });
    expect(events.some((event) => event.type === "progress" && event.phase === "hashing")).toBe(true);
  });

  it("takes the rows of a folder as those of a file", async () => {
    const [before, now] = await Promise.all(["of-two", "of-three"].map((name) => folderOfRows(name)));
    await writeJsonl(join(now, "c.jsonl"), rows.slice(0, 1));
    const output = join(folder, "from-a-folder");
    await finish(finetune({ ...options, data: before, validation: before, output }));
    const report = join(output, "report.json");
    expect(await again({ report })).toMatchObject({ equal: true, differences: [] });
    const outcome = await again({ report, data: now });
    expect(outcome.differences[0]).toMatchObject({ kind: "input", name: `data: ${now}` });
  });

  it("names the rows that are others, and then the result", async () => {
    const other = await writeJsonl(join(folder, "other.jsonl"), rows.slice(1));
    const outcome = await again({ data: other });
    expect(outcome.equal).toBe(false);
    expect(outcome.differences[0]).toMatchObject({ kind: "input", name: `data: ${other}` });
    expect(outcome.differences.filter(({ kind }) => kind === "result")).toMatchObject([
      { name: "adapter/adapter_model.safetensors" },
    ]);
  });

  it("says that the program is another", async () => {
    const report = JSON.parse(await readFile(join(run, "report.json"), "utf8")) as FinetuneSummary;
    const changed = join(folder, "older.json");
    await writeFile(changed, JSON.stringify({ passport: { ...report.passport, lathe: "0.0.1" } }));
    const outcome = await again({ report: changed });
    expect(outcome.equal).toBe(true);
    expect(outcome.differences).toMatchObject([{ kind: "program", name: "lathe", before: "0.0.1" }]);
  });

  it.each([
    ["{", "expected JSON"],
    ["[]", "expected a passport in it, got none"],
    ['{"passport":{}}', "expected the settings of the run as passport.settings, got nothing"],
    ['{"passport":{"settings":{},"hashes":{"model":{"a":1},"result":{}}}}', "passport.hashes.model"],
    [
      '{"passport":{"settings":{},"hashes":{"model":{},"result":{},"data":7}}}',
      "passport.hashes.data, got 7",
    ],
    [
      '{"passport":{"settings":{},"hashes":{"model":{},"result":{}}}}',
      "model: expected the base model's folder",
    ],
  ])("refuses the report %s", async (text, message) => {
    const report = join(folder, "damaged.json");
    await writeFile(report, text);
    await expect(again({ report })).rejects.toThrow(message);
  });

  it("refuses a report that is not there", async () => {
    await expect(again({ report: join(folder, "absent.json") })).rejects.toThrow("absent.json");
  });
});
