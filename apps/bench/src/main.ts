#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from "commander";
import { trainStep } from "./cases/train-step.js";
import { describeMachine } from "./machine.js";
import { type ModelSize, modelSizes } from "./random-model.js";

function whole(from: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < from) {
      throw new InvalidArgumentError(`expected a whole number from ${from}, got ${text}`);
    }
    return value;
  };
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1))
    throw new InvalidArgumentError(`expected a number from 0, below 1, got ${text}`);
  return value;
}

interface TrainFlags {
  readonly size: ModelSize;
  readonly engine: string;
  readonly batch: number;
  readonly sequence: number;
  readonly promptShare: number;
  readonly targets: string;
  readonly warmUp: number;
  readonly repeats: number;
}

const program = new Command("bench").description(
  "Measures Lathe. People's output goes to stderr, the last line on stdout is one JSON object.",
);

program
  .command("train")
  .description("LoRA training steps on a model of random weights")
  .addOption(new Option("--size <size>", "model dimensions").choices(Object.keys(modelSizes)).default("mini"))
  .option("--engine <name>", "what computes", "auto")
  .option("--batch <rows>", "rows a step", whole(1), 4)
  .option("--sequence <tokens>", "tokens a row", whole(2), 256)
  .option("--prompt-share <share>", "share of each row without labels", share, 0)
  .option("--targets <names>", "linears to adapt", "q_proj,v_proj")
  .option("--warm-up <steps>", "steps before the clock counts", whole(0), 1)
  .option("--repeats <steps>", "steps measured", whole(1), 5)
  .action(async (flags: TrainFlags) => {
    const machine = describeMachine();
    const { processor, cores, memoryGiB, node, tfjs } = machine;
    console.error(`${processor}, ${cores} cores, ${memoryGiB} GiB; Node ${node}, TensorFlow.js ${tfjs}`);
    const result = await trainStep({ ...flags, targets: flags.targets.split(",") });
    const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(0)} ms`;
    console.error(
      [
        `${result.name}, engine ${result.engine}, ${result.trainableParameters} trainable parameters`,
        `warm-up ${result.warmUp}, repeats ${result.repeats}`,
        `step      ${milliseconds(result.median)} median, ${milliseconds(result.best)} best, ±${(result.spread * 100).toFixed(1)} %`,
        `speed     ${result.tokensPerSecond.toFixed(0)} tokens/s`,
        `memory    ${(result.tensorBytes / 2 ** 20).toFixed(0)} MiB of tensors, ${(result.peakResidentBytes / 2 ** 20).toFixed(0)} MiB resident at most`,
        `loss      ${result.firstLoss.toFixed(4)} → ${result.lastLoss.toFixed(4)}`,
      ].join("\n"),
    );
    console.log(JSON.stringify({ case: "train", options: flags, machine, ...result }));
  });

await program.parseAsync();
