import { layerwiseBytes, linearPlaces, type ModelConfig } from "@lathe/model";
import type { PackedFormatName, WeightFormat } from "@lathe/quant";
import type { Engine, Precision } from "@lathe/tensor";
import type { SpillFormat, TrainConfig } from "@lathe/train";
import type { ModelFolder } from "../model/model-folder.js";
import type { FinetuneOptions } from "../finetune-options.js";
import type { TrainingMethod } from "../training/training-method.js";
import type { MaskReport } from "../rows/mask-report.js";
import type { RowSizes } from "./assumed-rows.js";
import { heldWeights, type MachinePace, measuredPace } from "./machine-pace.js";
import { type MemoryPlan, planMemory, type PlanMemoryOptions } from "./plan-memory.js";
import { processBytesOf } from "./process-bytes.js";
import { type TensorPlan, tensorSums } from "./plan-tensor.js";
import { planStream, type StreamPlan } from "./plan-stream.js";
import { planRemedies, type Remedy, type StepToTime } from "./plan-remedies.js";
import { packedFormatOf } from "../model/packed-format-of.js";
import { withStoredTypes } from "../model/stored-types.js";
import { stepSeconds } from "./step-seconds.js";
import { trainedBytes } from "./trained-bytes.js";
import { placedWeightBytes } from "./weight-bytes.js";

/** A run of which a step is planned, before its weights are read or after. */
export interface StepToPlan {
  readonly options: Pick<
    FinetuneOptions,
    | "checkpointing"
    | "quantize"
    | "zeroStage"
    | "deterministic"
    | "collective"
    | "tensorParallel"
    | "processBytes"
  >;
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
  /** The step beside one with whole layers; null where no ranks share layers. */
  tensor(): Promise<TensorPlan | null>;
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
 * @param ranks that share the steps
 * @throws RecipeError, ModelConfigError, WeightsError
 */
export async function planStep(
  { options, method, config, folder, objective }: StepToPlan,
  engine: Engine,
  memory?: PlanMemoryOptions["memory"],
  ranks = Math.max(options.collective?.size ?? 1, options.tensorParallel ?? 1),
): Promise<PlannedStep> {
  const { batchSize, maxTokensPerBatch, gradientAccumulation, optimizer } = config;
  const { checkpointing = "auto", quantize = "none", tensorParallel = 1 } = options;
  const dealt = options.zeroStage === 2 ? ranks : 1;
  const shared = {
    ...method.plan,
    optimizer,
    gradientAccumulation,
    ranks: dealt,
    runRanks: ranks,
    deterministic: options.deterministic,
    quantize,
    engine,
    memory,
    tensorParallel,
    processBytes: processBytesOf(options.processBytes),
  };
  const asked = { model: folder.path, ...shared, checkpointing };
  const largest = objective.largest();
  const plan = await planMemory({ ...asked, ...largest });
  const mean = objective.maskReport(folder.config.endOfSequenceIds);
  const { rows, tokens, labels } = meanStep(config, largest, mean);
  const inPlace = engine.weightMemory !== null;
  const { format: stored, isBlockScaled } = await storedLinears(folder);
  const paceOf = pacesOf(folder.config, tokens / rows);
  // Ranks on cards compute with one each; those on a processor have its cores together, as one rank would.
  const computing = engine.deviceBytes === null ? 1 : tensorParallel;
  const sumsOf = ({ recomputedLayers }: MemoryPlan, share: number) =>
    tensorSums(folder.config, {
      tokens: tokens * share,
      microBatches: gradientAccumulation,
      recomputedLayers,
      ranks: tensorParallel,
    });
  const secondsOf = ({ plan, share, ...step }: StepToTime): number =>
    secondsAlone({ plan, share, ...step }) / computing + sumsOf(plan, share).seconds;
  const secondsAlone = ({ plan, quantize, tokens: ofMicroBatch, share }: StepToTime): number =>
    stepSeconds(paceOf(ofMicroBatch), folder.config, {
      tokens: tokens * share,
      labels: labels * share,
      held:
        method.name === "full"
          ? { layers: "trained", head: "trained" }
          : heldWeights(inPlace, quantize, isBlockScaled && inPlace ? "fp8" : stored),
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
    async tensor() {
      if (tensorParallel === 1) return null;
      const whole = await planMemory({ ...asked, ...largest, tensorParallel: 1 });
      const { bytes, seconds } = sumsOf(plan, 1);
      const step = { plan: whole, quantize, tokens: largest.tokens, share: 1 };
      return {
        ranks: tensorParallel,
        sumBytes: bytes,
        secondsInSums: seconds,
        wholeBytes: whole.expectedBytes,
        secondsByMicroBatches: secondsAlone(step) / computing,
        pays: plan.fits && !whole.fits,
      };
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
            placedWeightBytes(config, types, format, inPlace),
          ),
          hiddenSize: config.hiddenSize,
          tokens: Math.round(tokens),
          besides: terms.process + terms.adapter + terms.optimizer + terms.exchange + atWork,
          budgetBytes,
          bytesPerSecond,
          spillFormat: spillFormatOf(engine.precision),
          secondsPerByte:
            format === "none" && isBlockScaled && !inPlace ? paceOf(largest.tokens).widening() : 0,
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
        maxTokensPerBatch,
        gradientAccumulation,
        largest: (limit) => objective.largest(limit),
        secondsOf,
      }),
  };
}

/** As products take streams: where factors are rounded to bfloat16, they lose nothing that products would not. */
export const spillFormatOf = (precision: Precision): SpillFormat => (precision === "fp32" ? "fp32" : "bf16");

/** Rows, tokens and scored labels of a step in the mean. Where labels do not tell, micro-batches count as if all were like the largest. */
function meanStep(
  { batchSize, maxTokensPerBatch, gradientAccumulation }: TrainConfig,
  largest: { readonly tokens: number; readonly labels: number },
  mean: MaskReport | null,
): { readonly rows: number; readonly tokens: number; readonly labels: number } {
  const share = (of: { readonly rows: number; readonly tokens: number }): number =>
    maxTokensPerBatch > 0
      ? Math.min(1, (maxTokensPerBatch * gradientAccumulation) / of.tokens)
      : (batchSize * gradientAccumulation) / of.rows;
  if (mean) {
    const part = share(mean);
    return { rows: mean.rows * part, tokens: mean.tokens * part, labels: mean.scoredTokens * part };
  }
  const tokens = largest.tokens * gradientAccumulation;
  const rows = maxTokensPerBatch > 0 ? gradientAccumulation : batchSize * gradientAccumulation;
  return { rows, tokens, labels: largest.labels * gradientAccumulation };
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

/** How a folder has the weights of its layers. */
interface StoredLinears {
  /** The type in which they are multiplied with as they are; null where there is none. */
  readonly format: PackedFormatName | null;
  /** Whether they are 8-bit floats with a scale a block, which stand for half floats. */
  readonly isBlockScaled: boolean;
}

async function storedLinears({ path, config }: ModelFolder): Promise<StoredLinears> {
  const packed = await packedFormatOf(path);
  const types: Readonly<Record<string, PackedFormatName>> = { BF16: "bf16", F16: "fp16" };
  return await withStoredTypes(path, config, (stored) => {
    const { dtype, fileBytes } = stored.info(linearPlaces(config)[0].weight);
    return { format: packed ?? types[dtype] ?? null, isBlockScaled: fileBytes !== undefined };
  });
}
