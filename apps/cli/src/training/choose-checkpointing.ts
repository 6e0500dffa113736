import { freemem } from "node:os";
import { readFile } from "node:fs/promises";
import {
  activationBytes,
  type ActivationPlan,
  fewestRecomputedLayers,
  type LanguageModel,
  type LayerLinearName,
  type ModelConfig,
} from "@lathe/model";
import type { ParameterTable } from "@lathe/peft";
import { UsageError } from "../framework/usage-error.js";

/** The process itself: Node, its code, TensorFlow.js and what products work in. */
const PROCESS_BYTES = 250e6;

/** Memory in pieces that are too small to be used again. */
const SLACK = 1.08;

/** Weights, their gradients and the two moments of AdamW, all in float32. */
const COPIES_IN_TRAINING = 4;

/** What is free is not all for the taking: the page cache and others need some of it. */
const SHARE_OF_FREE = 0.85;

/** What a training step is made of. */
export interface StepSize {
  readonly config: ModelConfig;
  /** Bytes of the base model's weights in memory. */
  readonly weightBytes: number;
  readonly parameters: Pick<ParameterTable, "trainable" | "groups">;
  readonly rank: number;
  readonly precision: string;
  /** Of the largest micro-batch. */
  readonly tokens: number;
  readonly labels: number;
}

/** Which layers are computed again, and what the process is expected to take. */
export interface CheckpointingChoice {
  readonly checkpointing: LanguageModel["checkpointing"];
  readonly recomputedLayers: number;
  /** At the worst moment of a step. */
  readonly expectedBytes: number;
  readonly budgetBytes: number;
}

/** Bytes that this process may take: what the system, or the group of processes it belongs to, has left. */
export async function availableBytes(): Promise<number> {
  const info = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(info)?.[1];
  const free = kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  const limit = process.constrainedMemory();
  const own = process.memoryUsage.rss();
  const left = limit !== undefined && limit > 0 && limit < 2 ** 60 ? limit - own : Infinity;
  return Math.min(free, left) * SHARE_OF_FREE + own;
}

/**
 * The fastest policy that fits a budget: as few layers as possible are computed again.
 * @param given `--memory` in bytes, if there is one
 * @param deviceBytes memory of the card that the engine computes on, if it does
 * @throws UsageError when a given budget is too small even with all layers computed again
 */
export async function chooseCheckpointing(
  step: StepSize,
  given: number | undefined,
  deviceBytes: number | null = null,
): Promise<CheckpointingChoice> {
  const { config, parameters, weightBytes, rank, precision, tokens, labels } = step;
  const plan: ActivationPlan = {
    tokens,
    labels,
    // Engines with products in half keep activations as they are.
    keptBytes: precision === "fp32" || precision === "fp16" ? 4 : 2,
    adapted: new Set(parameters.groups.map(({ name }) => name as LayerLinearName | "lm_head")),
    rank,
  };
  const fixed = PROCESS_BYTES + weightBytes + parameters.trainable * 4 * COPIES_IN_TRAINING;
  const budgetBytes = given ?? deviceBytes ?? (await availableBytes());
  const expected = (layers: number): number =>
    Math.round(fixed + activationBytes(config, plan, layers) * SLACK);
  const layers = fewestRecomputedLayers(config, plan, (budgetBytes - fixed) / SLACK);
  if (layers === null && given !== undefined) {
    const least = (Math.ceil(expected(config.layerCount) / 1e7) / 100).toFixed(2);
    throw new UsageError(
      [
        `--memory: expected at least ${least}GB for this model and micro-batches of up to ${tokens} tokens with every layer computed again, got ${(given / 1e9).toFixed(2)}GB; use a smaller --batch-size, shorter rows (--max-tokens) or packed weights (--quantize nf4)`,
      ],
      "train",
    );
  }
  const recomputedLayers = layers ?? config.layerCount;
  return {
    checkpointing:
      recomputedLayers === config.layerCount ? "block" : recomputedLayers === 0 ? "none" : recomputedLayers,
    recomputedLayers,
    expectedBytes: expected(recomputedLayers),
    budgetBytes,
  };
}
