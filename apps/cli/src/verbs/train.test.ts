import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readAdapterConfig } from "@lathe/peft";
import { trainDefaults } from "@lathe/train";
import { beforeAll, describe, expect, it } from "vitest";
import { loraFixture, storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { type Outcome, runLathe } from "../testing/run-lathe.js";

const model = tinyModel("qwen2");
let folder: string;
let data: string;
let count = 0;

/** Rows of different length, each with a prompt that is not scored. */
const tokenRows = Array.from({ length: 12 }, (_, row) => {
  const ids = Array.from({ length: 6 + (row % 5) }, (_, i) => (row * 37 + i * 11) % 320);
  return { input_ids: ids, labels: ids.map((id, i) => (i < 2 ? -100 : id)) };
});

beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), tokenRows);
});

const newRun = (): string => join(folder, `run-${++count}`);
const run = (output: string, ...words: string[]): Promise<Outcome> =>
  runLathe(["train", "--model", model, "--data", data, "--output", output, "--json", ...words]);
const short = [
  "--max-steps",
  "4",
  "--batch-size",
  "2",
  "--gradient-accumulation",
  "2",
  "--learning-rate",
  "0.01",
];

async function metricsOf(output: string): Promise<Record<string, number>[]> {
  return (await readFile(join(output, "metrics.jsonl"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
const adapterOf = (output: string): Promise<Buffer> =>
  readFile(join(output, "adapter/adapter_model.safetensors"));
const settingsOf = async (output: string) => JSON.parse(await readFile(join(output, "config.json"), "utf8"));

describe("lathe train", () => {
  it("leaves a run: config, metrics, checkpoint, adapter, report", async () => {
    const output = newRun();
    const { code, json, stderr } = await run(output, ...short, "--validation", data, "--eval-every", "2");
    expect(code, stderr).toBe(0);
    expect((await readdir(output)).sort()).toEqual([
      "adapter",
      "checkpoints",
      "config.json",
      "metrics.jsonl",
      "report.html",
      "report.json",
    ]);
    // The one of the lowest validation loss, and the last.
    expect((await readdir(join(output, "checkpoints"))).sort()).toEqual(["step-2", "step-4"]);
    expect((await readdir(join(output, "adapter"))).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "lathe.json",
    ]);
    const metrics = await metricsOf(output);
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    for (const line of metrics) {
      for (const key of ["loss", "gradNorm", "learningRate", "labelTokens", "tokensPerSecond"]) {
        expect(line[key], key).toEqual(expect.any(Number));
      }
      expect(line["tokensPerSecond"]).toBeCloseTo(line["tokens"] / line["seconds"], 6);
    }
    expect(metrics.map((line) => "validationLoss" in line)).toEqual([false, true, false, true]);
    expect(json).toMatchObject({
      steps: 4,
      loss: metrics[3]["loss"],
      validationLoss: metrics[3]["validationLoss"],
      adapter: join(output, "adapter"),
      run: output,
      engine: expect.any(String),
      precision: expect.any(String),
      interrupted: false,
      rows: { train: { read: 12, used: 12 } },
    });
    expect(json!["tokens"]).toBe(metrics.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(JSON.parse(await readFile(join(output, "report.json"), "utf8"))).toEqual(json);
    // What it learnt is what score sees with the adapter.
    const words = ["score", "--model", model, "--data", data, "--adapter", join(output, "adapter"), "--json"];
    expect((await runLathe(words)).json!["loss"]).toBeCloseTo(json!["validationLoss"] as number, 5);
  });

  it("is the recipe where nothing is said", async () => {
    const output = newRun();
    const { stderr } = await run(output, "--max-steps", "1");
    const { config, baseModel } = await readAdapterConfig(join(output, "adapter"));
    expect(config).toMatchObject({ rank: 16, alpha: 32, dropout: 0.1, targets: ["q_proj", "v_proj"] });
    expect(baseModel).toBe(model);
    expect(await settingsOf(output)).toMatchObject({ ...trainDefaults, maxSteps: 1, rank: 16, logEvery: 50 });
    expect(stderr).toContain("trainable parameters");
    expect(stderr).toContain("training 1/1 · loss ");
  });

  it("gives the same bits again, from flags or from the config of the run", async () => {
    const [first, again, other] = [newRun(), newRun(), newRun()];
    await run(
      first,
      ...short,
      "--targets",
      "all-linear",
      "--rank",
      "4",
      "--layers",
      "0,2",
      "--use-rslora",
      "--seed",
      "3",
    );
    await run(again, "--config", join(first, "config.json"));
    await run(other, "--config", join(first, "config.json"), "--seed", "4");
    expect(await adapterOf(again)).toEqual(await adapterOf(first));
    expect(await adapterOf(other)).not.toEqual(await adapterOf(first));
    const { config } = await readAdapterConfig(join(again, "adapter"));
    expect(config).toMatchObject({ rank: 4, useRslora: true, layers: [0, 2] });
    expect(config.targets).toHaveLength(7);
  });

  it("takes prepared token files as it takes rows", async () => {
    const rows = [
      ...Array.from({ length: 10 }, (_, row) => ({
        input: `Who has cat ${row}?`,
        output: `Tom has cat ${row}.`,
      })),
    ];
    const input = await writeJsonl(join(folder, "pairs.jsonl"), rows);
    const prepared = join(folder, "prepared");
    await runLathe([
      "prepare",
      "--input",
      input,
      "--output",
      prepared,
      "--model",
      storiesModel,
      "--split",
      "1:0:0",
    ]);
    const words = ["--model", storiesModel, ...short, "--dropout", "0"];
    const [ofTokens, ofRows] = [newRun(), newRun()];
    const result = await run(ofTokens, ...words, "--data", join(prepared, "train.arrow"));
    await run(ofRows, ...words, "--data", join(prepared, "train.jsonl"));
    expect(result.json).toMatchObject({ rows: { train: { read: 10, used: 10, truncated: 0 } } });
    expect(await adapterOf(ofTokens)).toEqual(await adapterOf(ofRows));
    const refused = await run(newRun(), "--model", storiesModel, "--data", join(prepared, "no.arrow"));
    expect(refused.code).toBe(2);
  });

  it("computes the same with fewer activations kept", async () => {
    const [all, some] = [newRun(), newRun()];
    await run(all, ...short);
    await run(some, ...short, "--checkpointing", "block");
    expect(await adapterOf(some)).toEqual(await adapterOf(all));
  });

  it("keeps to a budget of memory, to the same numbers, or says what it takes", async () => {
    const [free, tight, refused] = [newRun(), newRun(), newRun()];
    await run(free, ...short);
    const { stderr } = await run(tight, ...short, "--memory", "2GiB");
    expect(stderr).toMatch(/memory: about \d+ MB of 2\.1 GB, 0 of \d+ layers computed again/);
    expect(await adapterOf(tight)).toEqual(await adapterOf(free));
    const { code, stderr: reason } = await run(refused, ...short, "--memory", "1MB");
    expect(code).toBe(2);
    expect(reason).toMatch(/--memory: expected at least 0\.\d\dGB/);
    expect(await readdir(refused).catch(() => null)).toBeNull();
  });

  it("trains on packed weights", async () => {
    for (const format of ["int8", "nf4"]) {
      const { code, stderr } = await run(newRun(), ...short, "--quantize", format);
      expect(code, stderr).toBe(0);
    }
  });

  it("sets rows aside that cannot be used, cuts long ones, and counts both", async () => {
    const lines = [
      ...Array.from({ length: 30 }, (_, row) => JSON.stringify(tokenRows[row % 12])),
      "{not json",
      JSON.stringify({ input_ids: [1, 2, 3], labels: [-100, -100, -100] }),
    ];
    const file = join(folder, "mixed.jsonl");
    await writeFile(file, `${lines.join("\n")}\n`);
    const output = newRun();
    const { code, json, stderr } = await run(output, ...short, "--data", file, "--max-tokens", "8");
    expect(code, stderr).toBe(0);
    const long = Array.from({ length: 30 }, (_, row) => tokenRows[row % 12]).filter(
      ({ input_ids }) => input_ids.length > 8,
    );
    expect(json).toMatchObject({
      rows: { train: { read: 32, used: 30, rejected: 1, unscored: 1, truncated: long.length } },
    });
    const [rejected, ...more] = (await readFile(join(output, "rejected.jsonl"), "utf8"))
      .trimEnd()
      .split("\n");
    expect(more).toEqual([]);
    expect(JSON.parse(rejected)).toMatchObject({ row: "{not json", file, line: 31 });
    expect(stderr).toContain(`1 row set aside as unusable, listed in ${join(output, "rejected.jsonl")}`);
    expect(stderr).toContain(`${long.length} rows cut to 8 tokens`);
  });
});

describe("lathe train --init-adapter", () => {
  const start = join(loraFixture("qwen3-pattern"), "adapter_start");
  const words = ["--model", tinyModel("qwen3"), "--init-adapter", start, ...short];

  it("takes the adapter's shape, also into the config of the run", async () => {
    const output = newRun();
    expect((await run(output, ...words)).code).toBe(0);
    expect((await readAdapterConfig(join(output, "adapter"))).config).toEqual(
      (await readAdapterConfig(start)).config,
    );
    expect(await settingsOf(output)).toMatchObject({
      rank: 8,
      alpha: 16,
      dropout: 0,
      layers: [1, 2],
      rankPattern: { o_proj: 4 },
    });
  });

  it("takes flags that agree, and another dropout", async () => {
    const agreeing = [
      "--rank",
      "8",
      "--alpha",
      "16",
      "--targets",
      "up_proj,q_proj,o_proj",
      "--layers",
      "1-2",
    ];
    const output = newRun();
    const { code, stderr } = await run(
      output,
      ...words,
      ...agreeing,
      "--rank-pattern",
      "o_proj=4",
      "--dropout",
      "0.2",
    );
    expect(code, stderr).toBe(0);
    expect((await readAdapterConfig(join(output, "adapter"))).config.dropout).toBe(0.2);
  });

  it.each([
    [["--rank", "16"], "--rank 16 contradicts the adapter"],
    [["--alpha", "32"], "--alpha 32 contradicts"],
    [["--targets", "q_proj"], '--targets ["q_proj"] contradicts'],
    [["--use-dora"], "--use-dora true contradicts"],
    [["--use-rslora"], "--use-rslora true contradicts"],
    [["--layers", "0"], "--layers [0] contradicts"],
    [["--rank-pattern", "o_proj=8"], '--rank-pattern {"o_proj":8} contradicts'],
  ])("refuses %j", async (more, message) => {
    const output = newRun();
    const { code, stderr } = await run(output, ...words, ...more);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });
});

describe("lathe train --resume", () => {
  it("goes on from a checkpoint to the same bits", async () => {
    const [whole, parts] = [newRun(), newRun()];
    const words = [...short, "--max-steps", "20", "--save-every", "2", "--dropout", "0.3"];
    await run(whole, ...words);
    const abort = new AbortController();
    const { stderr, ...outcome } = await runUntil(3, parts, words, abort);
    expect(outcome.code, stderr).toBe(130);
    expect(outcome.json).toMatchObject({ interrupted: true, adapter: null });
    const { steps } = outcome.json as { steps: number };
    expect(stderr).toContain(`interrupted after step ${steps}`);
    expect(await readdir(join(parts, "checkpoints"))).toContain(`step-${steps}`);
    // Nothing but the folder has to be said again.
    const resumed = await runLathe(["train", "--output", parts, "--resume", "--json"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain(`resuming after step ${steps}`);
    expect(resumed.json).toMatchObject({ steps: 20 });
    const bare = (metrics: Record<string, number>[]) =>
      metrics.map(({ step, loss, gradNorm, learningRate, labelTokens }) => [
        step,
        loss,
        gradNorm,
        learningRate,
        labelTokens,
      ]);
    expect(bare(await metricsOf(parts))).toEqual(bare(await metricsOf(whole)));
    expect(await adapterOf(parts)).toEqual(await adapterOf(whole));
    // A run that is done stays as it is.
    const done = await runLathe(["train", "--output", parts, "--resume", "--json"]);
    expect(done.json).toMatchObject({ steps: 20, loss: resumed.json!["loss"], interrupted: false });
    expect(await adapterOf(parts)).toEqual(await adapterOf(whole));
  });

  it("goes on from an adapter that is no longer there", async () => {
    const output = newRun();
    const start = join(loraFixture("qwen2-qv"), "adapter_start");
    const abort = new AbortController();
    await runUntil(2, output, [...short, "--max-steps", "20", "--init-adapter", start], abort);
    const settings = await settingsOf(output);
    await writeFile(
      join(output, "config.json"),
      JSON.stringify({ ...settings, initAdapter: join(folder, "gone") }),
    );
    const { code, stderr } = await runLathe(["train", "--output", output, "--resume", "--json"]);
    expect(code, stderr).toBe(0);
  });

  it("refuses other settings, other data, and a place without a run", async () => {
    const output = newRun();
    await run(output, ...short);
    const resume = (...words: string[]) => runLathe(["train", "--output", output, "--resume", ...words]);
    const faults = await Promise.all([
      resume("--learning-rate", "1"),
      resume("--rank", "3"),
      resume("--data", await writeJsonl(join(folder, "others.jsonl"), tokenRows.slice(1))),
      resume("--overwrite"),
      resume("--output", join(folder, "nothing")),
    ]);
    expect(faults.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
    expect(faults.map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining(`--learning-rate 1: the run in ${output} was begun with 0.01`),
      expect.stringContaining(`--rank 3: the run in ${output} was begun with 16`),
      expect.stringContaining("was written with rows"),
      expect.stringContaining("--resume goes on with a run and --overwrite replaces it"),
      expect.stringContaining("holds no run to resume"),
    ]);
    expect((await resume(...short, "--log-every", "1", "--save-every", "9")).code).toBe(0);
  });
});

/** Trains until the metrics hold some steps, then interrupts. */
async function runUntil(
  steps: number,
  output: string,
  words: readonly string[],
  abort: AbortController,
): Promise<Outcome> {
  const watch = setInterval(() => {
    void metricsOf(output).then(
      (metrics) => metrics.length >= steps && abort.abort(),
      () => undefined,
    );
  }, 1);
  try {
    return await runLathe(
      ["train", "--model", model, "--data", data, "--output", output, "--json", ...words],
      {
        signal: abort.signal,
      },
    );
  } finally {
    clearInterval(watch);
  }
}
