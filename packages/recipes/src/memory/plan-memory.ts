import {
  type Checkpointing,
  dividedConfig,
  dtypeSizes,
  elementCount,
  type ModelConfig,
  planCheckpointing,
  readModelConfig,
} from "@lathe/model";
import type { WeightFormat } from "@lathe/quant";
import type { Precision, Engine } from "@lathe/tensor";
import { availableBytes, exchangeBytes, parseBytes } from "@lathe/train";
import { namingFields } from "../fields-of-packages.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { withStoredTypes } from "../model/stored-types.js";
import { type MemoryTerms, totalOf } from "./memory-terms.js";
import { trainedBytes, type TrainedOptions, trainedTensors } from "./trained-bytes.js";
import { parameterCount, weightBytes } from "./weight-bytes.js";

const FLOAT_BYTES = 4;

/**
 * The process of a program that does nothing else: Node, its code and heap, TensorFlow.js and what products work in; as `pnpm bench plan`
 * measures it.
 */
const PROCESS_BYTES = 140e6;

/** Weights in float32 that were packed and wait for the garbage collector, at most: it is called for as much. */
const PACKING_BYTES = 64e6;

/** A model of which the size is known, without a folder. */
export interface SizedModel {
  readonly config: ModelConfig;
  /** Bytes of its weights in memory, without those that are trained themselves. */
  readonly weightBytes: number;
}

/** What a training step is made of. */
export interface PlanMemoryOptions extends TrainedOptions {
  /** Model folder, of which only config and headers are read, a model that is open, or what is known of one. */
  readonly model: string | { readonly path: string } | SizedModel;
  /** Format that the base weights are packed in. @defaultValue "none" */
  readonly quantize?: WeightFormat | undefined;
  /** The engine, if it was started; its precision and memory count. */
  readonly engine?: Engine | undefined;
  /** Precision of products. @defaultValue the engine's, else bf16 */
  readonly precision?: Precision | undefined;
  /** Tokens of the largest micro-batch. */
  readonly tokens: number;
  /** Labels of the micro-batch with the most. @defaultValue `tokens` */
  readonly labels?: number | undefined;
  /** Layers that are computed again, or as few as the memory asks for. @defaultValue "auto" */
  readonly checkpointing?: Checkpointing | "auto" | undefined;
  /** Ranks that come to one update, of which one is planned; `ranks` says how many of them have the optimiser between them. @defaultValue 1 */
  readonly runRanks?: number | undefined;
  /** Whether sums have the order of micro-batches; see `FinetuneOptions`. @defaultValue false */
  readonly deterministic?: boolean | undefined;
  /** Ranks that compute every layer together, of which one is planned; see `FinetuneOptions`. @defaultValue 1 */
  readonly tensorParallel?: number | undefined;
  /** What the process may take in all: bytes, or a size such as `"8GB"`. @defaultValue what is free */
  readonly memory?: number | string | undefined;
  /** Bytes of the process without weights and steps. @defaultValue those of a program that does nothing else, 140e6 */
  readonly processBytes?: number | undefined;
}

/** Which layers are computed again, and what the process is expected to take. Sizes are bytes. */
export interface MemoryPlan {
  /** The policy that was asked for, else the fastest that fits: as few layers as possible are computed again. */
  readonly checkpointing: Checkpointing;
  /** Layers that are computed again, of all. */
  readonly recomputedLayers: number;
  readonly layerCount: number;
  /** What is taken for what, at the worst moment of a step. */
  readonly terms: MemoryTerms;
  /** The whole process at that moment. */
  readonly expectedBytes: number;
  readonly budgetBytes: number;
  /** Whether that is within the budget; if not, it is the least there is. */
  readonly fits: boolean;
}

/** Bytes of a `memory` field. @throws RecipeError */
export function memoryBytes(memory: number | string): number {
  const bytes = typeof memory === "number" ? memory : parseBytes(memory);
  if (bytes !== null && bytes > 0 && Number.isFinite(bytes)) return bytes;
  throw new RecipeError([expectation("memory", "bytes, or a size such as 8GB or 7.5GiB", String(memory))]);
}

/** What packing weights leaves behind for a while, beyond what a process has room for anyway. */
function packingBytes(config: ModelConfig, quantize: WeightFormat = "none"): number {
  if (quantize === "none") return 0;
  return Math.min(PACKING_BYTES, Math.max(0, FLOAT_BYTES * parameterCount(config) - PACKING_BYTES));
}

/** What is known of a model, without the weights that a run takes the place of. */
async function sizedModel({
  model,
  quantize = "none",
  engine,
  trainable,
  tensorParallel,
}: PlanMemoryOptions): Promise<SizedModel> {
  if (typeof model !== "string" && "weightBytes" in model) return model;
  const path = typeof model === "string" ? model : model.path;
  const config = await readModelConfig(path);
  return await withStoredTypes(path, config, (types) => {
    const isInPlace = engine === undefined || engine.weightMemory !== null;
    const replaced = trainedTensors(config, trainable ?? []).map(([name, shape]) => {
      const size = elementCount(shape);
      const isStored = isInPlace && shape.length > 1 && types.has(name);
      return size * (isStored ? Math.min(FLOAT_BYTES, dtypeSizes[types.info(name).dtype]) : FLOAT_BYTES);
    });
    const all = weightBytes(config, types, quantize, isInPlace, tensorParallel);
    return { config, weightBytes: all - replaced.reduce((sum, bytes) => sum + bytes, 0) };
  });
}

/**
 * Plans the memory of a training step before any weights are read: the fastest policy of checkpointing that fits the
 * budget, and what the process is expected to take with it.
 *
 * @throws RecipeError, ModelConfigError, WeightsError
 */
export async function planMemory(options: PlanMemoryOptions): Promise<MemoryPlan> {
  const {
    engine,
    tokens,
    labels = tokens,
    memory,
    tensorParallel = 1,
    runRanks = 1,
    processBytes = PROCESS_BYTES,
  } = options;
  const precision = options.precision ?? engine?.precision ?? "bf16";
  const model = await sizedModel(options);
  const { config } = model;
  const microBatches = Math.ceil((options.gradientAccumulation ?? 1) / (runRanks / tensorParallel));
  const trained = namingFields(() =>
    // Where micro-batches are kept apart, each begins without a sum of those before.
    trainedBytes(config, { ...options, gradientAccumulation: options.deterministic ? 1 : microBatches }),
  );
  const exchange = exchangeBytes({
    ranks: runRanks,
    shapes: trained.shapes,
    optimizer: options.optimizer ?? "adamw",
    isSharded: (options.ranks ?? 1) > 1,
    isOrdered: options.deterministic ?? false,
    microBatches,
    layerSumBytes: tensorParallel > 1 ? FLOAT_BYTES * tokens * config.hiddenSize : 0,
  });
  const fixed = {
    weights: model.weightBytes + trained.trainedWeights,
    adapter: trained.adapter,
    optimizer: trained.optimizer,
    exchange,
    process: processBytes + packingBytes(config, options.quantize),
  };
  const fixedBytes = totalOf({ ...fixed, gradients: 0, activations: 0, head: 0, workingSpace: 0 });
  const budgetBytes =
    memory === undefined ? (engine?.deviceBytes ?? (await availableBytes())) : memoryBytes(memory);
  const { adapted, rank, gradients } = trained;
  const { checkpointing, recomputedLayers, bytes, activationBytes, headBytes, gradientBytes, fits } =
    planCheckpointing(
      dividedConfig(config, tensorParallel),
      // Each has its share of the rows that go to the head.
      { tokens, labels: Math.ceil(labels / tensorParallel), precision, adapted, rank, gradients },
      budgetBytes - fixedBytes,
      options.checkpointing,
    );
  return {
    checkpointing,
    recomputedLayers,
    layerCount: config.layerCount,
    terms: {
      ...fixed,
      activations: activationBytes,
      head: headBytes,
      gradients: gradientBytes,
      workingSpace: bytes - activationBytes - headBytes - gradientBytes,
    },
    expectedBytes: fixedBytes + bytes,
    budgetBytes,
    fits,
  };
}
