import { threefry2x32 } from "@lathe/kernels";
import { attach, trainableParameters } from "@lathe/peft";
import { type Precision, startEngine, tensorMemory } from "@lathe/tensor";
import { supervised, train } from "@lathe/train";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelSize } from "../shared/model-sizes.js";
import { randomModel } from "../shared/random-model.js";
import type { BaseFormat } from "../shared/random-weights.js";
import { heldBytes } from "./held-bytes.js";

/** What a soak is made of. */
export interface SoakJob {
  readonly engine: string;
  readonly precision: string;
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly steps: number;
  /** Longest row; rows are of any length up to it. */
  readonly tokens: number;
  /** Called after each step. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** What was alive at some step. */
export interface Alive {
  readonly step: number;
  /** Tensors that TensorFlow.js counts. */
  readonly tensors: number;
  readonly tensorBytes: number;
  /** Handles in TensorFlow's memory, constants and packed weights left out; null on other engines. */
  readonly handles: number | null;
  readonly residentBytes: number;
}

/** What came of a soak. */
export interface SoakOutcome {
  readonly engine: string;
  readonly engineDescription: string;
  readonly precision: string;
  readonly steps: number;
  readonly seconds: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
  readonly skippedSteps: number;
  /** After the first steps, when all that stays has been made. */
  readonly early: Alive;
  readonly last: Alive;
  /** Most handles or tensors after any step since then, beyond those of `early`. */
  readonly growth: number;
  /** Handles of packed weights that outlive the model; null on engines that have none. */
  readonly keptHandles: number | null;
  /** Tensors that outlive it. */
  readonly tensorsLeft: number;
  /** How much more the process held in the last hundred steps than in the hundred after step 100, as a share; null of fewer steps. */
  readonly heldGrowth: number | null;
}

/** Steps after which a process holds what it needs, and over which that is averaged. */
const SETTLED = 100;

/** Steps between two readings of it. */
const READING = 10;

/** Steps after which moments, constants and packed weights are all there. */
const WARM_UP = 10;

/**
 * Takes many steps of LoRA on a model of random weights, with rows of all lengths, dropout and layers that are computed
 * again, and counts what is alive after each.
 */
export async function soakSteps(job: SoakJob): Promise<SoakOutcome> {
  const { size, base, steps, tokens } = job;
  const engine = await startEngine(job.engine, job.precision as Precision | "auto", job.base);
  const tensorsBefore = tf.memory().numTensors;
  const model = randomModel(size, base, engine.weightMemory);
  attach(model, { rank: 8, alpha: 16, dropout: 0.05, targets: ["q_proj", "v_proj", "down_proj"] });
  model.checkpointing = "block";
  const rows = Array.from({ length: 64 }, (_, row) => {
    const [a] = threefry2x32([row, 3], [0, 0]);
    const inputIds = Int32Array.from({ length: 2 + (a % (tokens - 1)) }, (_, i) => {
      return threefry2x32([row, 4], [i, 0])[0] % model.config.vocabularySize;
    });
    return { inputIds, labels: inputIds };
  });
  const alive = (step: number): Alive => ({
    step,
    tensors: tf.memory().numTensors,
    tensorBytes: tensorMemory().bytes,
    handles: engine.handles?.().transient ?? null,
    residentBytes: process.memoryUsage.rss(),
  });
  const count = ({ tensors, handles }: Alive): number => handles ?? tensors;

  const losses: number[] = [];
  const held = { settled: 0, last: 0 };
  let [early, last] = [alive(0), alive(0)];
  let [growth, skippedSteps] = [0, 0];
  const started = performance.now();
  const reports = train({
    parameters: trainableParameters(model),
    objective: supervised(model),
    rows: { length: rows.length, row: (index) => rows[index] },
    config: {
      batchSize: 2,
      gradientAccumulation: 2,
      maxSteps: steps,
      learningRate: 1e-4,
      schedule: "constant",
      warmupSteps: 0,
    },
    ...(engine.precision === "fp16" ? { lossScale: {} } : {}),
  });
  for await (const report of reports) {
    losses.push(report.loss);
    if (report.skipped) skippedSteps++;
    last = alive(report.step);
    if (report.step <= Math.min(WARM_UP, steps - 1)) early = last;
    else growth = Math.max(growth, count(last) - count(early));
    if (report.step % READING === 0) {
      if (report.step > SETTLED && report.step <= 2 * SETTLED) held.settled += heldBytes();
      if (report.step > steps - SETTLED) held.last += heldBytes();
    }
    job.onStep?.(report.step, report.loss);
  }
  const seconds = (performance.now() - started) / 1000;
  model.dispose();
  return {
    engine: engine.name,
    engineDescription: engine.description,
    precision: engine.precision,
    steps,
    seconds,
    firstLoss: losses[0],
    lastLoss: losses[losses.length - 1],
    skippedSteps,
    early,
    last,
    growth,
    keptHandles: engine.handles?.().kept ?? null,
    tensorsLeft: tf.memory().numTensors - tensorsBefore,
    heldGrowth: steps < 3 * SETTLED ? null : held.last / held.settled - 1,
  };
}
