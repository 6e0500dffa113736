import { loraDefaults } from "@lathe/peft";
import type { WeightFormat } from "@lathe/quant";
import { type BatchLimit, SINGLE_ROWS } from "../training/training-objective.js";
import { smallerBatches } from "./smaller-batches.js";
import { type MemoryPlan, planMemory, type PlanMemoryOptions } from "./plan-memory.js";

/** What makes a step smaller, the cheapest first. */
export type RemedyName = "checkpointing" | "micro-batch" | "nf4" | "rank" | "shorter-rows";

/** Something that makes a step smaller, on its own. */
export interface Remedy {
  readonly name: RemedyName;
  /** Bytes that the process takes less at the worst moment of a step. */
  readonly savesBytes: number;
  /** Time of a step over that before. */
  readonly timeFactor: number;
  /** Fields of `finetune` to set, by their paths. */
  readonly settings: Readonly<Record<string, string | number>>;
}

/** A step whose time is asked for. */
export interface StepToTime {
  readonly plan: MemoryPlan;
  readonly quantize: WeightFormat;
  /** Tokens of the largest micro-batch. */
  readonly tokens: number;
  /** Share of the step's tokens that are left. */
  readonly share: number;
}

/** A step of which remedies are sought. */
export interface PlanRemediesOptions extends Omit<
  PlanMemoryOptions,
  "tokens" | "labels" | "gradientAccumulation"
> {
  readonly batchSize: number;
  /** 0 where micro-batches are of so many rows. */
  readonly maxTokensPerBatch?: number;
  readonly gradientAccumulation: number;
  /** The most tokens and labels that a micro-batch has. @param limit of one, that of the run unless given */
  readonly largest: (limit?: BatchLimit) => { readonly tokens: number; readonly labels: number };
  /** Seconds of such a step on the machine at hand. */
  readonly secondsOf: (step: StepToTime) => number;
}

/**
 * What would make a step smaller, in the order of its cost: computing activations again changes no result, smaller
 * micro-batches keep the effective batch, packed weights round, and a smaller rank and shorter rows learn something else.
 * Each is planned on its own; what saves nothing is left out.
 *
 * @throws RecipeError, ModelConfigError, WeightsError
 */
export async function planRemedies(options: PlanRemediesOptions): Promise<Remedy[]> {
  const { batchSize, maxTokensPerBatch = 0, gradientAccumulation, largest } = options;
  const { trainable, lora, quantize = "none", secondsOf } = options;
  const step = largest();
  const before = await planMemory({ ...options, ...step });
  // A policy that follows the memory would take away what a remedy saves.
  const asked = { ...options, ...step, checkpointing: before.checkpointing };
  const secondsBefore = secondsOf({ plan: before, quantize, tokens: step.tokens, share: 1 });
  const remedies: Remedy[] = [];
  const consider = async (
    name: RemedyName,
    change: Partial<PlanMemoryOptions>,
    settings: Remedy["settings"],
    share = 1,
  ): Promise<void> => {
    const plan = await planMemory({ ...asked, ...change });
    const savesBytes = before.expectedBytes - plan.expectedBytes;
    if (savesBytes <= 0) return;
    const { quantize: held = quantize, tokens = step.tokens } = change;
    const timeFactor = secondsOf({ plan, quantize: held, tokens, share }) / secondsBefore;
    remedies.push({ name, savesBytes, timeFactor, settings });
  };
  await consider("checkpointing", { checkpointing: "block" }, { checkpointing: "block" });
  const smaller = smallerBatches({ batchSize, maxTokensPerBatch, gradientAccumulation });
  if (smaller !== null) {
    const { gradientAccumulation: microBatches, ...limit } = smaller;
    await consider(
      "micro-batch",
      { ...largest(limit), gradientAccumulation: microBatches },
      Object.fromEntries(Object.entries(smaller).map(([key, value]) => [`train.${key}`, value])),
    );
  }
  if (!trainable) {
    if (quantize !== "nf4") await consider("nf4", { quantize: "nf4" }, { quantize: "nf4" });
    const rank = Math.floor((lora?.rank ?? loraDefaults.rank) / 2);
    if (rank >= 1) await consider("rank", { lora: { ...lora, rank } }, { "lora.rank": rank });
  }
  const maxTokens = Math.ceil(largest(SINGLE_ROWS).tokens / 2);
  if (maxTokens >= 2) {
    const most = maxTokensPerBatch > 0 ? Math.max(maxTokensPerBatch, maxTokens) : batchSize * maxTokens;
    const tokens = Math.min(step.tokens, most);
    const shorter = { tokens, labels: Math.min(step.labels, tokens) };
    await consider("shorter-rows", shorter, { maxTokens }, tokens / step.tokens);
  }
  return remedies;
}
