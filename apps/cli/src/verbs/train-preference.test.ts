/** The command trains on preferences as TRL did; `packages/train/fixtures/README.md` says how the values came about. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

interface Expected {
  readonly hyper_parameters: { readonly beta: number } & Readonly<Record<string, unknown>>;
  readonly rows: Record<string, unknown>[];
  readonly steps: {
    readonly loss: number;
    readonly grad_norm: number;
    readonly margin?: number;
    readonly accuracy?: number;
  }[];
}

const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../../../packages/train/fixtures/preference/${path}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

const idRows = (rows: readonly Record<string, unknown>[]): Record<string, unknown>[] =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [key === "label" ? key : `${key}_ids`, value]),
    ),
  );

/** Flags of the recorded runs. */
const recipe = [
  ...["--learning-rate", "0.003", "--schedule", "constant", "--warmup-steps", "0", "--weight-decay", "0"],
  ...[
    "--max-grad-norm",
    "1",
    "--max-steps",
    "6",
    "--no-shuffle",
    "--dropout",
    "0",
    "--precision",
    "fp32",
    "--samples",
    "0",
  ],
];

const metricsOf = async (run: string): Promise<Record<string, number>[]> =>
  (await readFile(join(run, "metrics.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, number>);

describe.each(["dpo", "orpo", "simpo", "kto"])("lathe train --objective %s", (objective) => {
  it.each([
    [4, 1],
    [2, 2],
  ])("follows the recorded steps in micro-batches of %i × %i", async (size, count) => {
    const expected = JSON.parse(await readFile(fixture(`${objective}/expected.json`), "utf8")) as Expected;
    const { beta, ...constants } = expected.hyper_parameters;
    const data = await writeJsonl(join(folder, `${objective}.jsonl`), idRows(expected.rows));
    const output = join(folder, `${objective}-${size}`);
    const gamma = constants["simpo_gamma"] ?? constants["gamma"];
    const { code, stderr } = await runLathe([
      ...[
        "train",
        "--model",
        tinyModel("qwen2"),
        "--data",
        data,
        "--output",
        output,
        "--objective",
        objective,
      ],
      ...["--init-adapter", fixture(`${objective}/adapter_start`), "--beta", String(beta)],
      ...(objective === "simpo" ? ["--simpo-gamma", String(gamma)] : []),
      ...["--batch-size", String(size), "--gradient-accumulation", String(count), ...recipe],
    ]);
    expect(code, stderr).toBe(0);
    const metrics = await metricsOf(output);
    expect(metrics).toHaveLength(expected.steps.length);
    for (const [index, step] of expected.steps.entries()) {
      expect(Math.abs(metrics[index]["loss"] / step.loss - 1)).toBeLessThan(1e-4);
      expect(Math.abs(metrics[index]["gradNorm"] / step.grad_norm - 1)).toBeLessThan(1e-4);
      if (objective !== "kto") expect(metrics[index]["accuracy"]).toBe(step.accuracy);
      if (step.margin !== undefined) expect(metrics[index]["margin"]).toBeCloseTo(step.margin, 3);
    }
  });
});

describe("rows of preferences", () => {
  const short = ["--max-steps", "2", "--batch-size", "2", "--gradient-accumulation", "1", "--samples", "0"];
  const train = (data: string, output: string, ...words: string[]) =>
    runLathe(["train", "--model", storiesModel, "--data", data, "--output", output, ...short, ...words]);

  it("of text begin where policy and reference are the same, and are evaluated", async () => {
    const rows = Array.from({ length: 4 }, (_, i) => ({
      prompt: `Once upon a time ${i}`,
      chosen: " there was a girl.",
      rejected: " the the the",
    }));
    const data = await writeJsonl(join(folder, "text.jsonl"), rows);
    const output = join(folder, "text");
    const { code, stderr } = await train(data, output, "--objective", "dpo", "--validation", data);
    expect(code, stderr).toBe(0);
    const metrics = await metricsOf(output);
    expect(metrics[0]["loss"]).toBeCloseTo(Math.log(2), 3);
    expect(metrics[1]).toHaveProperty("validationLoss");
  });

  it("that cannot be used are set aside with their line, and too many of them end it", async () => {
    const good = { prompt: "One day", chosen: " a boy ran.", rejected: " x x x" };
    const rows = [
      good,
      good,
      { prompt: "One day", chosen: " a boy ran." },
      { prompt: "One day", chosen: " same", rejected: " same" },
      { prompt: "One day", chosen: 7, rejected: " x" },
    ];
    const data = await writeJsonl(join(folder, "bad.jsonl"), rows);
    const refused = await train(data, join(folder, "bad-1"), "--objective", "simpo");
    expect(refused.code).toBe(2);
    const output = join(folder, "bad-2");
    const { code, stderr } = await train(data, output, "--objective", "simpo", "--reject-limit", "1");
    expect(code, stderr).toBe(0);
    const rejected = (await readFile(join(output, "rejected.jsonl"), "utf8")).trim().split("\n");
    expect(rejected.map((line) => JSON.parse(line) as { line: number; reason: string })).toMatchObject([
      { line: 3, reason: expect.stringContaining("rejected") as string },
      { line: 4, reason: expect.stringContaining("expected another completion than chosen") as string },
      { line: 5, reason: expect.stringContaining("chosen") as string },
    ]);
  });

  it.each([
    [["--beta", "0.2"], "--beta belongs to --objective dpo, orpo, simpo, kto"],
    [["--objective", "dpo", "--simpo-gamma", "1"], "--simpo-gamma belongs to --objective simpo"],
    [
      ["--objective", "dpo", "--label-smoothing", "0.1"],
      "--label-smoothing is added to the likelihood of labels",
    ],
    [["--objective", "ppo"], "--objective"],
  ])("%j is refused before anything is read", async (words, message) => {
    await writeFile(join(folder, "none.jsonl"), "");
    const { code, stderr } = await train(join(folder, "none.jsonl"), join(folder, "refused"), ...words);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
