import type { Command } from "commander";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "../measure.js";
import { engineFlag, saveFlag, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { ContestantError } from "../shared/run-contestant.js";
import { lastJsonObject, runProcess } from "../shared/run-process.js";

/** Share of a run's time that its checkpoints may take. */
const LIMIT = 0.02;

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const lathe = join(root, "apps/cli/dist/main.js");
const example = join(root, "examples/customer-service");

interface CheckpointsFlags {
  readonly engine: string;
  readonly every: number;
  readonly steps: number;
  readonly rounds: number;
  readonly save?: string;
}

/** Adds `bench checkpoints`. */
export function addCheckpointsCommand(program: Command): void {
  program
    .command("checkpoints")
    .description(
      `What checkpoints cost the training of the quick start; fails where they take ${LIMIT * 100} % of the time`,
    )
    .addOption(engineFlag())
    .option("--every <steps>", "steps between two of them", whole(1), 50)
    .option("--steps <count>", "optimiser steps of a run", whole(2), 200)
    .option("--rounds <times>", "times that runs with and without take their turn", whole(1), 5)
    .addOption(saveFlag())
    .action(runCheckpoints);
}

/** Runs a verb. @returns its wall time, in seconds */
async function run(...words: string[]): Promise<number> {
  const started = performance.now();
  const { code, stdout, stderr } = await runProcess(process.execPath, [lathe, ...words, "--json"]);
  if (code !== 0 || lastJsonObject(stdout) === null) {
    console.error(stderr);
    throw new ContestantError(code ?? 1);
  }
  return (performance.now() - started) / 1000;
}

/** Seconds that the steps of a run took by themselves, without what lies between them. */
async function secondsOfSteps(output: string): Promise<number> {
  const lines = (await readFile(join(output, "metrics.jsonl"), "utf8")).trim().split("\n");
  return lines.reduce((sum, line) => sum + (JSON.parse(line) as { seconds: number }).seconds, 0);
}

async function runCheckpoints(flags: CheckpointsFlags): Promise<void> {
  const { engine, every, steps, rounds, save } = flags;
  const folder = await mkdtemp(join(tmpdir(), "lathe-bench-checkpoints-"));
  try {
    const model = join(example, "base-model");
    const data = join(folder, "data");
    const rows = join(example, "data/pairs.jsonl");
    const split = ["--split", "7:1:2", "--seed", "7"];
    await run("prepare", "--input", rows, "--output", data, "--model", model, ...split);
    const output = join(folder, "run");
    const between = { with: [] as number[], without: [] as number[] };
    const whole = { with: [] as number[], without: [] as number[] };
    for (let round = 1; round <= rounds; round++) {
      console.error(`round ${round} of ${rounds} …`);
      for (const kind of round % 2 === 0 ? (["with", "without"] as const) : (["without", "with"] as const)) {
        const seconds = await run(
          ...["train", "--config", join(example, "train.yaml"), "--model", model, "--engine", engine],
          ...["--data", join(data, "train.arrow"), "--output", output, "--overwrite"],
          ...["--max-steps", String(steps), "--save-every", String(kind === "with" ? every : 0)],
        );
        whole[kind].push(seconds);
        // Steps differ from run to run by more than checkpoints take; what lies between them does not.
        between[kind].push(seconds - (await secondsOfSteps(output)));
      }
    }
    const costSeconds = median(between.with) - median(between.without);
    const cost = costSeconds / median(whole.without);
    const wholeCost = median(whole.with) / median(whole.without) - 1;
    const passed = cost < LIMIT;
    await publish(
      {
        name: `checkpoints-every-${every}`,
        title: `Training of the quick start with a checkpoint every ${every} of ${steps} steps, and with one at the end`,
        result: { whole, between, costSeconds, cost, wholeCost, passed },
        tables: [
          {
            columns: ["checkpoints", "whole run s", "of which between steps s"],
            rows: (["with", "without"] as const).map((kind) => [
              kind === "with" ? `every ${every}` : "at the end",
              median(whole[kind]).toFixed(2),
              median(between[kind]).toFixed(3),
            ]),
          },
        ],
        notes: [
          `Checkpoints cost ${(100 * cost).toFixed(2)} % of a run by what lies between the steps, ${(100 * wholeCost).toFixed(2)} % by whole runs. Medians of ${rounds} runs each, in turn.`,
        ],
      },
      { case: "checkpoints", options: { engine, every, steps, rounds }, python: null, save },
    );
    if (!passed) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
