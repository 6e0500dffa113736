import { layerwiseBytes, linearPlaces, type ModelConfig } from "@lathe/model";
import { folderFormat, type PackedFormatName, type WeightFormat } from "@lathe/quant";
import type { Engine } from "@lathe/tensor";
import type { TrainConfig } from "@lathe/train";
import type { ModelFolder } from "../model/model-folder.js";
import type { FinetuneOptions } from "../finetune-options.js";
import type { TrainingMethod } from "../training/training-method.js";
import type { RowSizes } from "./assumed-rows.js";
import { heldWeights, type MachinePace, measuredPace } from "./machine-pace.js";
import { type MemoryPlan, planMemory, type PlanMemoryOptions } from "./plan-memory.js";
import { planStream, type StreamPlan } from "./plan-stream.js";
import { planRemedies, type Remedy, type StepToTime } from "./plan-remedies.js";
import { hasWeights, withStoredTypes } from "../model/stored-types.js";
import { stepSeconds } from "./step-seconds.js";
import { trainedBytes } from "./trained-bytes.js";
import { placedWeightBytes } from "./weight-bytes.js";

/** A run of which a step is planned, before its weights are read or after. */
export interface StepToPlan {
  readonly options: Pick<FinetuneOptions, "checkpointing" | "quantize">;
  readonly method: TrainingMethod;
  readonly config: TrainConfig;
  readonly folder: ModelFolder;
  readonly objective: RowSizes;
}

/** What a step of a run is expected to take, and what would take less. */
export interface PlannedStep {
  /** Of the largest micro-batch. */
  readonly memory: MemoryPlan;
  /** Tokens of a step, in the mean. */
  readonly tokens: number;
  /** Seconds of such a step. Measures the machine when it is first asked for. */
  seconds(): number;
  /** Bytes of the process with micro-batches of so many tokens at most, under the same policy. */
  bytesOf(tokens: number): Promise<number>;
  /** What would make it smaller, the cheapest first. */
  remedies(): Promise<Remedy[]>;
  /** The same step with weights that stay on a disk. @param bytesPerSecond of the disk; null where it is not known */
  streamed(bytesPerSecond: number | null): Promise<StreamedStepPlan>;
}

/** A streamed step in the format it takes. */
export interface StreamedStepPlan extends StreamPlan {
  /** The format that was asked for, or where two layers of it do not fit the most exact one that does, else the smallest. */
  readonly quantize: WeightFormat;
}

/** Formats that a streamed model may be packed in, the most exact first. */
const streamedFormats = ["int8", "nf4"] as const;

/**
 * Plans a step of a run on an engine that was started.
 * @param memory what the process may take in all; what is free unless given
 * @throws RecipeError, ModelConfigError, WeightsError
 */
export async function planStep(
  { options, method, config, folder, objective }: StepToPlan,
  engine: Engine,
  memory?: PlanMemoryOptions["memory"],
): Promise<PlannedStep> {
  const { batchSize, gradientAccumulation, optimizer } = config;
  const { checkpointing = "auto", quantize = "none" } = options;
  const shared = { ...method.plan, optimizer, gradientAccumulation, quantize, engine, memory };
  const asked = { model: folder.path, ...shared, checkpointing };
  const largest = objective.largest();
  const plan = await planMemory({ ...asked, ...largest });
  const mean = objective.maskReport(folder.config.endOfSequenceIds);
  const rows = batchSize * gradientAccumulation;
  // Where labels do not tell, micro-batches count as if all were like the largest.
  const tokens = mean ? (mean.tokens / mean.rows) * rows : largest.tokens * gradientAccumulation;
  const labels = mean ? (mean.scoredTokens / mean.rows) * rows : largest.labels * gradientAccumulation;
  const stored = await storedFormat(folder);
  const paceOf = pacesOf(folder.config, tokens / rows);
  const secondsOf = ({ plan, quantize, tokens: ofMicroBatch, share }: StepToTime): number =>
    stepSeconds(paceOf(ofMicroBatch), folder.config, {
      tokens: tokens * share,
      labels: labels * share,
      held:
        method.name === "full"
          ? { layers: "trained", head: "trained" }
          : heldWeights(engine, quantize, stored),
      plan,
    });
  return {
    memory: plan,
    tokens,
    seconds: () => secondsOf({ plan, quantize, tokens: largest.tokens, share: 1 }),
    async bytesOf(ofMicroBatch) {
      const { checkpointing } = plan;
      const labels = Math.min(largest.labels, ofMicroBatch);
      return (await planMemory({ ...asked, tokens: ofMicroBatch, labels, checkpointing })).expectedBytes;
    },
    async streamed(bytesPerSecond) {
      const { config } = folder;
      const trained = trainedBytes(config, shared);
      const atWork = layerwiseBytes(config, {
        ...largest,
        precision: engine.precision,
        adapted: trained.adapted,
        rank: trained.rank,
        gradients: trained.gradients,
      });
      const { terms, budgetBytes, layerCount } = plan;
      const planIn = async (format: WeightFormat): Promise<StreamedStepPlan> => ({
        quantize: format,
        ...planStream({
          weights: await withStoredTypes(folder.path, config, (types) =>
            placedWeightBytes(config, types, format, engine.weightMemory !== null),
          ),
          hiddenSize: config.hiddenSize,
          tokens: Math.round(tokens),
          besides: terms.process + terms.adapter + terms.optimizer + atWork,
          budgetBytes,
          bytesPerSecond,
          secondsComputing: secondsOf({
            plan: { ...plan, recomputedLayers: layerCount },
            quantize: format,
            tokens: largest.tokens,
            share: 1,
          }),
        }),
      });
      const asked = await planIn(quantize);
      let smallest = asked;
      for (const format of streamedFormats) {
        if (smallest.fits) return smallest;
        const other = await planIn(format);
        if (other.weightBytes < smallest.weightBytes) smallest = other;
      }
      return smallest;
    },
    remedies: async () =>
      await planRemedies({
        ...asked,
        batchSize,
        gradientAccumulation,
        largest: objective.largest,
        secondsOf,
      }),
  };
}

/** Paces by the tokens of micro-batches, each measured once. */
function pacesOf(config: ModelConfig, rowTokens: number): (tokens: number) => MachinePace {
  const known = new Map<number, MachinePace>();
  return (tokens) => {
    const pace = known.get(tokens) ?? measuredPace(config, { tokens, rowTokens });
    known.set(tokens, pace);
    return pace;
  };
}

/** The type in which a folder has the weights of its layers, where they are multiplied with as they are. */
async function storedFormat({ path, config }: ModelFolder): Promise<PackedFormatName | null> {
  const packed = (await hasWeights(path)) ? await folderFormat(path) : null;
  if (packed !== null) return packed;
  const types: Readonly<Record<string, PackedFormatName>> = { BF16: "bf16", F16: "fp16" };
  return await withStoredTypes(path, config, (stored) => {
    return types[stored.info(linearPlaces(config)[0].weight).dtype] ?? null;
  });
}
