import {
  type Checkpointing,
  expectedTensors,
  linearPlaces,
  type ModelConfig,
  openWeights,
  planCheckpointing,
  readModelConfig,
} from "@lathe/model";
import { estimateParameters, type LoraConfig, resolveLoraConfig, selectTargets } from "@lathe/peft";
import type { WeightFormat } from "@lathe/quant";
import type { Precision, Engine } from "@lathe/tensor";
import { availableBytes, parseBytes } from "@lathe/train";
import { namingFields } from "../fields-of-packages.js";
import { layerNumberIn } from "../training/layer-factor.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { trainingBytes, weightBytes } from "./weight-bytes.js";

/** The process itself: Node, its code, TensorFlow.js and what products work in. */
const PROCESS_BYTES = 250e6;

/** A model of which the size is known, without a folder. */
export interface SizedModel {
  readonly config: ModelConfig;
  /** Bytes of its weights in memory. */
  readonly weightBytes: number;
}

/** What a training step is made of. */
export interface PlanMemoryOptions {
  /** Model folder, of which only config and headers are read, a model that is open, or what is known of one. */
  readonly model: string | { readonly path: string } | SizedModel;
  /** The adapter; see {@link LoraConfig}. */
  readonly lora?: Partial<LoraConfig> | undefined;
  /** Trains the weights whose names begin with one of these, in place of an adapter. */
  readonly trainable?: readonly string[] | undefined;
  /** Layers of those that are trained at a time; see `FullOptions`. @defaultValue all */
  readonly lisaLayers?: number | undefined;
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
  /** What the process may take in all: bytes, or a size such as `"8GB"`. @defaultValue what is free */
  readonly memory?: number | string | undefined;
}

/** Which layers are computed again, and what the process is expected to take. Sizes are bytes. */
export interface MemoryPlan {
  /** The fastest policy that fits: as few layers as possible are computed again. */
  readonly checkpointing: Checkpointing;
  /** Layers that are computed again, of all. */
  readonly recomputedLayers: number;
  readonly layerCount: number;
  readonly weightBytes: number;
  /** What is trained with its gradients and the optimiser's moments. */
  readonly trainingBytes: number;
  /** Activations and gradients at the worst moment of a step. */
  readonly activationBytes: number;
  /** The whole process at that moment. */
  readonly expectedBytes: number;
  readonly budgetBytes: number;
  /** Whether that is within the budget; if not, it is the least there is. */
  readonly fits: boolean;
}

/** Bytes of a `memory` field. @throws RecipeError */
function bytesOf(memory: number | string): number {
  const bytes = typeof memory === "number" ? memory : parseBytes(memory);
  if (bytes !== null && bytes > 0 && Number.isFinite(bytes)) return bytes;
  throw new RecipeError([expectation("memory", "bytes, or a size such as 8GB or 7.5GiB", String(memory))]);
}

async function sizedModel({ model, quantize = "none", engine }: PlanMemoryOptions): Promise<SizedModel> {
  if (typeof model !== "string" && "weightBytes" in model) return model;
  const path = typeof model === "string" ? model : model.path;
  const config = await readModelConfig(path);
  const weights = await openWeights(path);
  try {
    const isInPlace = engine === undefined || engine.weightMemory !== null;
    return { config, weightBytes: weightBytes(config, weights, quantize, isInPlace) };
  } finally {
    await weights.close();
  }
}

/** Bytes of what is trained, and what linears have low-rank updates. */
function trainedOf(
  config: ModelConfig,
  { lora: asked, trainable, lisaLayers }: PlanMemoryOptions,
): { readonly trained: number; readonly adapted: ReadonlySet<string>; readonly rank: number } {
  if (trainable) {
    const tensors = [...expectedTensors(config)].filter(([name]) =>
      trainable.some((prefix) => name.startsWith(prefix)),
    );
    const layerOf = layerNumberIn(config);
    const ofLayers = new Array<number>(config.layerCount).fill(0);
    let always = 0;
    for (const [name, shape] of tensors) {
      const size = shape.reduce((a, b) => a * b, 1);
      const layer = layerOf(name);
      if (layer === null) always += size;
      else ofLayers[layer] += size;
    }
    const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);
    const atOnce = always + total([...ofLayers].sort((a, b) => b - a).slice(0, lisaLayers));
    return {
      trained: trainingBytes(atOnce, always + total(ofLayers)),
      adapted: new Set(),
      rank: 0,
    };
  }
  const lora = selectTargets(linearPlaces(config), resolveLoraConfig(asked)).config;
  const { trainable: parameters, groups } = estimateParameters(config, lora);
  const rank = Math.max(lora.rank, ...Object.values(lora.rankPattern));
  return { trained: trainingBytes(parameters), adapted: new Set(groups.map(({ name }) => name)), rank };
}

/**
 * Plans the memory of a training step before any weights are read: the fastest policy of checkpointing that fits the
 * budget, and what the process is expected to take with it.
 *
 * @throws RecipeError, ModelConfigError, WeightsError
 */
export async function planMemory(options: PlanMemoryOptions): Promise<MemoryPlan> {
  const { engine, tokens, labels = tokens, memory } = options;
  const precision = options.precision ?? engine?.precision ?? "bf16";
  const model = await sizedModel(options);
  const { config } = model;
  const { trained, adapted, rank } = namingFields(() => trainedOf(config, options));
  const fixed = PROCESS_BYTES + model.weightBytes + trained;
  const budgetBytes =
    memory === undefined ? (engine?.deviceBytes ?? (await availableBytes())) : bytesOf(memory);
  const { checkpointing, recomputedLayers, bytes, fits } = planCheckpointing(
    config,
    { tokens, labels, precision, adapted, rank },
    budgetBytes - fixed,
  );
  return {
    checkpointing,
    recomputedLayers,
    layerCount: config.layerCount,
    weightBytes: model.weightBytes,
    trainingBytes: trained,
    activationBytes: bytes,
    expectedBytes: fixed + bytes,
    budgetBytes,
    fits,
  };
}
