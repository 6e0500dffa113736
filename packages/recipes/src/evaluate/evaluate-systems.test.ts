import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { compareSystems } from "@lathe/eval";
import { tensorMemory } from "@lathe/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { evaluateModel } from "../evaluate-model.js";
import { finetune } from "../finetune.js";
import { prepareRows } from "../prepare-rows.js";
import type { RecipeEvent } from "../recipe-event.js";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { evaluateSystems, type EvaluateSystemsOptions } from "./evaluate-systems.js";
import type { SystemsEvaluation } from "./systems-evaluation.js";
import type { Prediction } from "./prediction-file.js";

let folder: string;
let run: string;
let data: string;
let probe: string;

const generation = { maxNewTokens: 10, temperature: 0 };
const names = ["Tom", "Lily", "Ben", "Sue", "Max", "Anna", "Sam", "Mia"];

beforeAll(async () => {
  folder = await temporaryFolder();
  const all = Array.from({ length: 40 }, (_, row) => ({
    prompt: `${names[row % 8]} had a ${["cat", "dog", "ball", "hat", "cake"][row % 5]}. One day`,
    completion: ` ${names[row % 8]} went to the park number ${row} and was happy.`,
  }));
  const rows = await writeJsonl(join(folder, "all.jsonl"), all);
  const prepared = join(folder, "prepared");
  await prepareRows({ data: rows, output: prepared, split: "8:1:3", nearDuplicates: "off" });
  data = join(prepared, "test.jsonl");
  probe = await writeJsonl(join(folder, "general.jsonl"), [
    { text: "Once upon a time there was a little girl." },
    { text: "The sun is bright." },
  ]);
  run = join(folder, "run");
  const steps = finetune({
    model: storiesModel,
    data: join(prepared, "train.jsonl"),
    output: run,
    lora: { rank: 4 },
    train: { epochs: 2, batchSize: 4, learningRate: 0.02 },
  });
  while (!(await steps.next()).done);
}, 120_000);

const askedFor = (more: Partial<EvaluateSystemsOptions> = {}): EvaluateSystemsOptions => ({
  model: storiesModel,
  adapters: [join(run, "adapter")],
  data,
  probe,
  metrics: ["chrf", "rouge1"],
  bootstrap: { resamples: 50 },
  generation,
  batchSize: 3,
  ...more,
});

/** What must be the same however often it was ended: all but what took time. */
function steady({ peakResidentBytes: _, systems, ...rest }: SystemsEvaluation): unknown {
  return {
    ...rest,
    systems: systems.map(({ pace, predictions: _path, ...system }) => ({
      ...system,
      pace: pace && { replies: pace.replies, tokens: pace.tokens, cut: pace.cut },
    })),
  };
}

const textsIn = async (path: string): Promise<unknown[]> =>
  (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { row, prompt, prediction, reference, tokens, finishReason } = JSON.parse(line) as Prediction;
      return { row, prompt, prediction, reference, tokens, finishReason };
    });

describe("evaluateSystems", () => {
  it("gives base and tuned what each is given alone, one sequence at a time", async () => {
    const output = join(folder, "whole");
    const { tensors } = tensorMemory();
    const evaluation = await evaluateSystems(askedFor({ output }));
    expect(tensorMemory().tensors).toBe(tensors);
    expect(evaluation.systems.map(({ name }) => name)).toEqual(["base", "run"]);
    const texts: string[][] = [];
    let references: string[] = [];
    for (const [place, adapter] of [undefined, join(run, "adapter")].entries()) {
      const alone = await evaluateModel({
        model: storiesModel,
        adapter,
        data,
        metrics: ["chrf", "rouge1"],
        generation,
        batchSize: 1,
      });
      const { data: own, probe: general, predictions, pace } = evaluation.systems[place];
      expect(own.loss).toBeCloseTo(alone.loss!, 12);
      expect(own.interval![0]).toBeLessThanOrEqual(own.perplexity!);
      expect(general!.perplexity).toBeGreaterThan(1);
      // A byte has no more characters than bytes, and a token seldom fewer.
      expect(own.bytePerplexity).toBeLessThanOrEqual(own.characterPerplexity!);
      expect(own.characterPerplexity).toBeLessThan(own.perplexity!);
      const replies = (await textsIn(predictions!)) as Prediction[];
      expect(replies.map(({ row }) => row)).toEqual(replies.map((_, row) => row));
      texts.push(replies.map(({ prediction }) => prediction));
      references = replies.map(({ reference }) => reference);
      expect(texts[place]).toEqual(alone.replies.map(({ prediction }) => prediction));
      expect(pace!.batchSize).toBe(3);
      expect(pace!.tokens).toBe(replies.reduce((sum, { tokens }) => sum + tokens, 0));
    }
    expect(texts[0]).not.toEqual(texts[1]);
    const compared = compareSystems({
      systems: [
        { name: "base", predictions: texts[0] },
        { name: "run", predictions: texts[1] },
      ],
      references,
      metrics: ["chrf", "rouge1"],
      bootstrap: { resamples: 50 },
    });
    expect(evaluation.scores).toEqual(compared);
    expect(evaluation.perplexities.map(({ rows, systems }) => [rows, ...systems])).toEqual([
      ["data", "base", "run"],
      ["probe", "base", "run"],
    ]);
    const [before, after] = evaluation.systems.map((system) => system.data.perplexity!);
    expect(evaluation.perplexities[0].difference).toBeCloseTo(after - before, 9);
    expect(after).toBeLessThan(before);
    expect(evaluation.systems[1].run).toMatchObject({
      path: run,
      facts: { steps: expect.any(Number) as number },
    });

    const [html, markdown] = await Promise.all(
      ["report.html", "report.md"].map((name) => readFile(join(output, name), "utf8")),
    );
    expect(html).toContain("run − base");
    expect(html).toContain("Run of run: Loss");
    expect(markdown).toContain("| chrf | ");
    expect(JSON.parse(await readFile(join(output, "report.json"), "utf8"))).toEqual(
      JSON.parse(JSON.stringify(evaluation)),
    );
  });

  it("has a judge's and a model's scores on the page, in Markdown and in JSON, and keeps what was answered", async () => {
    let asked = 0;
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        asked++;
        const isPair = Buffer.concat(parts).toString().includes('\\"A\\":');
        response.end(JSON.stringify({ choices: [{ message: { content: isPair ? "[[B]]" : "[[4]]" } }] }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const output = join(folder, "judged");
    const options = askedFor({
      output,
      metrics: ["chrf", "embedding"],
      embeddingModel: storiesModel,
      judge: { url: `http://127.0.0.1:${port}/v1`, model: "<b>judge</b>", apiKey: "sk-secret" },
    });
    const { scores, judge, replies } = await evaluateSystems(options);
    // Each of two replies, and the pair in both orders, which this judge tells by their place.
    expect(asked).toBe(4 * replies);
    expect(judge).toMatchObject({ answers: asked, asked, pairs: replies, disagreements: replies });
    expect(Object.keys(scores!.systems[1].scores)).toEqual([
      "chrf",
      "embedding",
      "judge-score",
      "judge-preference",
    ]);
    expect(scores!.systems[1].scores["judge-preference"]).toMatchObject({ score: 50, interval: [50, 50] });
    const names = ["report.html", "report.md", "report.json", "judge.jsonl"];
    const [html, markdown, json, answers] = await Promise.all(
      names.map((name) => readFile(join(output, name), "utf8")),
    );
    for (const text of [html, markdown, json]) expect(text).toContain(judge!.prompts.pair!.hash);
    expect(html).toContain("judge-preference");
    expect(html).toContain("judge:&lt;b>judge&lt;/b>|prompt:");
    expect(markdown).toContain("| judge-preference | 50 \\[50, 50\\] |");
    expect(answers.trimEnd().split("\n")).toHaveLength(asked);
    expect(html + markdown + json + answers).not.toContain("sk-secret");
    server.close();
    // All was answered: the judge need not be there.
    const again = await evaluateSystems({ ...options, resume: true });
    expect(again.judge).toEqual({ ...judge, asked: 0 });
    expect(again.scores).toEqual(scores);
  });

  it("goes on where it was ended, at any reply, to the same scores", async () => {
    const whole = await evaluateSystems(askedFor({ output: join(folder, "uninterrupted") }));
    const output = join(folder, "ended");
    const ends = [1, 2, 4];
    for (const [part, end] of ends.entries()) {
      const controller = new AbortController();
      let replies = 0;
      const onEvent = (event: RecipeEvent): void => {
        if (event.type === "progress" && event.phase === "generating" && ++replies > end) controller.abort();
      };
      const ended = evaluateSystems(
        askedFor({ output, resume: part > 0, signal: controller.signal, onEvent }),
      );
      await expect(ended).rejects.toMatchObject({ name: "AbortError" });
      // What a process leaves that is killed while it writes.
      const files = await readdir(join(output, "predictions"));
      await appendFile(join(output, "predictions", files.toSorted().at(-1)!), '{"row":0,"prom');
      if (part === 0) {
        await expect(evaluateSystems(askedFor({ output }))).rejects.toMatchObject({
          name: "OutputFolderError",
        });
        const other = evaluateSystems(askedFor({ output, resume: true, generation: { maxNewTokens: 3 } }));
        await expect(other).rejects.toThrow(/of other settings, which differ in generation/);
      }
    }
    const resumed = await evaluateSystems(askedFor({ output, resume: true }));
    expect(steady(resumed)).toEqual(steady(whole));
    for (const [place, { predictions }] of resumed.systems.entries()) {
      expect(await textsIn(predictions!)).toEqual(await textsIn(whole.systems[place].predictions!));
    }
    // A complete one reads no weights, and takes other metrics.
    const events: string[] = [];
    const again = await evaluateSystems(
      askedFor({ output, resume: true, metrics: ["bleu"], onEvent: ({ type }) => void events.push(type) }),
    );
    expect(events).not.toContain("engine");
    expect(Object.keys(again.scores!.systems[0].scores)).toEqual(["bleu"]);
  });

  it("draws the same for a row when it samples, whatever was done before", async () => {
    const sampled = { ...generation, temperature: 1, seed: 5 };
    const whole = join(folder, "sampled");
    await evaluateSystems(
      askedFor({ output: whole, generation: sampled, adapters: undefined, batchSize: 4 }),
    );
    const output = join(folder, "sampled-ended");
    const controller = new AbortController();
    let replies = 0;
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "progress" && event.phase === "generating" && ++replies > 5) controller.abort();
    };
    const options = askedFor({ output, generation: sampled, adapters: undefined, batchSize: 2 });
    await expect(evaluateSystems({ ...options, signal: controller.signal, onEvent })).rejects.toThrow();
    await evaluateSystems({ ...options, resume: true });
    const place = join("predictions", "0-base.jsonl");
    expect(await textsIn(join(output, place))).toEqual(await textsIn(join(whole, place)));
  });

  it("says which rows of the test set were learnt from", async () => {
    const clean = await evaluateSystems(askedFor({ metrics: [] }));
    expect(clean.contamination).toMatchObject([{ rows: 0 }]);
    expect(clean).toMatchObject({ scores: null, notable: null, replies: 0 });
    const [first] = (await readFile(data, "utf8")).split("\n");
    const leaked = await temporaryFolder();
    await writeFile(join(leaked, "test.jsonl"), `${first}\n{"text":"Another row altogether."}\n`);
    const training = join(folder, "prepared", "train.jsonl");
    const before = await readFile(training);
    await appendFile(training, `${first}\n`);
    const { contamination } = await evaluateSystems(
      askedFor({ data: join(leaked, "test.jsonl"), metrics: [], base: false }),
    );
    await writeFile(training, before);
    expect(contamination).toMatchObject([
      { rows: 1, leaks: [{ test: { line: 1 }, similarity: 1 }], changed: [training] },
    ]);
  });

  it("refuses what cannot be before the work", async () => {
    const refused = (more: Partial<EvaluateSystemsOptions>) =>
      expect(evaluateSystems(askedFor(more))).rejects;
    await refused({ adapters: undefined, base: false }).toMatchObject({ fields: ["base"] });
    await refused({ resume: true }).toMatchObject({ fields: ["output"] });
    await refused({ metrics: ["blue"] }).toThrow("did you mean");
    await refused({ data: [] }).toMatchObject({ fields: ["data"] });
    await refused({ probe: [] }).toMatchObject({ fields: ["probe"] });
    await refused({ adapters: [folder] }).toMatchObject({ name: "AdapterFileError" });
    const other = join(folder, "other");
    await writeJsonl(join(folder, "notes.jsonl"), ["a"]);
    await evaluateSystems(askedFor({ output: other, adapters: undefined, probe: undefined, limit: 1 }));
    await appendFile(join(other, "predictions", "0-base.jsonl"), '{"text":"not a reply"}\n');
    const resumed = askedFor({
      output: other,
      adapters: undefined,
      probe: undefined,
      limit: 1,
      resume: true,
    });
    await expect(evaluateSystems(resumed)).rejects.toThrow(/no replies of an evaluation/);
  });
});
