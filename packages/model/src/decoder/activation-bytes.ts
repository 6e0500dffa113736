import { gatedBytes } from "@lathe/kernels";
import { headBytes, type Precision } from "@lathe/tensor";
import type { ModelConfig } from "../config/model-config.js";
import type { LayerLinearName } from "./decoder-layer.js";
import type { Checkpointing } from "./language-model.js";

const FLOAT_BYTES = 4;
const HALF_BYTES = 2;

/** Memory in pieces that are too small to be used again. */
const SLACK = 1.08;

/** What the memory of a training step depends on, besides the model. */
export interface ActivationPlan {
  /** Tokens of the largest micro-batch. */
  readonly tokens: number;
  /** Labels of the micro-batch with the most. */
  readonly labels: number;
  /** What the engine computes in; with `bf16` and `int8` it keeps activations in half the bytes. */
  readonly precision: Precision;
  /** Linears with trained updates: their inputs are kept. */
  readonly adapted: ReadonlySet<LayerLinearName | "lm_head">;
  /** Largest rank of an update. */
  readonly rank: number;
}

/** Whether activations are kept in fewer bits than float32. */
const keepsHalves = ({ precision }: ActivationPlan): boolean => precision === "bf16" || precision === "int8";

/** Whether gate and up are kept in 8 bits, which products of a whole MLP do; see `gatedMlp`. */
const keepsGatesInBytes = (plan: ActivationPlan): boolean =>
  keepsHalves(plan) && !plan.adapted.has("down_proj");

/** Elements a token that one layer keeps for its backward pass, but for gate and up and what attention gave. */
function keptElements(config: ModelConfig, plan: ActivationPlan): number {
  const { adapted } = plan;
  const { hiddenSize, intermediateSize, headCount, keyValueHeadCount, headSize, queryKeyNorm } = config;
  const [queries, keys] = [headCount * headSize, keyValueHeadCount * headSize];
  const adapts = (...names: LayerLinearName[]): boolean => names.some((name) => adapted.has(name));
  return (
    2 * hiddenSize + // inputs of the norms
    (queryKeyNorm ? queries + keys : 0) +
    queries +
    2 * keys + // what attention reads
    (adapts("o_proj") && keepsHalves(plan) ? queries : 0) +
    // What norms gave is computed again where their inputs are kept in halves.
    (adapts("q_proj", "k_proj", "v_proj") && !keepsHalves(plan) ? hiddenSize : 0) +
    (adapts("gate_proj", "up_proj") && !keepsHalves(plan) ? hiddenSize : 0) +
    (adapts("down_proj") ? intermediateSize : 0)
  );
}

/** Bytes a token that one layer keeps, and a checkpointed one. */
function layerBytes(config: ModelConfig, plan: ActivationPlan): { whole: number; input: number } {
  const adapted = [...plan.adapted].filter((name) => name !== "lm_head").length;
  // The inner products of updates and the logarithms of sums in attention stay float32.
  const small = (adapted * plan.rank + config.headCount) * FLOAT_BYTES;
  const keptBytes = keepsHalves(plan) ? HALF_BYTES : FLOAT_BYTES;
  const { intermediateSize, headCount, headSize } = config;
  // What attention gave enters its backward pass as a sum a head only: a byte a number, and scales.
  const attended = headCount * (keepsHalves(plan) ? headSize + FLOAT_BYTES : headSize * FLOAT_BYTES);
  const gates = keepsGatesInBytes(plan) ? gatedBytes(1, intermediateSize) : 2 * intermediateSize * keptBytes;
  return {
    whole: keptElements(config, plan) * keptBytes + gates + attended + small,
    input: config.hiddenSize * FLOAT_BYTES,
  };
}

/**
 * Bytes of activations and gradients at the worst moment of a training step, weights not included: an estimate from above
 * that measured peaks come close to.
 *
 * @param recomputedLayers layers that keep only their input and are computed again, 0 to all
 */
export function activationBytes(config: ModelConfig, plan: ActivationPlan, recomputedLayers: number): number {
  const { tokens, labels } = plan;
  const { hiddenSize, intermediateSize, layerCount, vocabularySize } = config;
  const { whole, input } = layerBytes(config, plan);
  const kept = tokens * (recomputedLayers * input + (layerCount - recomputedLayers) * whole);
  // While a layer is computed back: its gradients, and what it kept, in float32. Gradients as wide as gate and up in halves,
  // one of them in float32 too for an update of theirs.
  const adaptsGates = plan.adapted.has("gate_proj") || plan.adapted.has("up_proj");
  const wide = keepsGatesInBytes(plan) ? (adaptsGates ? 2 : 1) : 5;
  const atWork = tokens * FLOAT_BYTES * (wide * intermediateSize + 6 * hiddenSize);
  const again = recomputedLayers > 0 ? tokens * whole : 0;
  const atHead =
    headBytes(labels, vocabularySize, !plan.adapted.has("lm_head")) +
    (2 * labels + 2 * tokens) * hiddenSize * FLOAT_BYTES;
  return kept + Math.max(atWork + again, atHead);
}

/** Which layers to compute again, and what that takes. */
export interface CheckpointingPlan {
  readonly checkpointing: Checkpointing;
  /** Layers that are computed again, 0 to all. */
  readonly recomputedLayers: number;
  /** Expected at the worst moment of a step, weights not included. */
  readonly bytes: number;
  /** Whether that is within the budget; if not, all layers are computed again. */
  readonly fits: boolean;
}

/**
 * The fastest policy for a budget: as few layers as possible are computed again.
 * @param budget bytes that activations may take, weights not included
 */
export function planCheckpointing(
  config: ModelConfig,
  plan: ActivationPlan,
  budget: number,
): CheckpointingPlan {
  const { layerCount } = config;
  const bytesWith = (layers: number): number => Math.round(activationBytes(config, plan, layers) * SLACK);
  let recomputedLayers = 0;
  while (recomputedLayers < layerCount && bytesWith(recomputedLayers) > budget) recomputedLayers++;
  const bytes = bytesWith(recomputedLayers);
  const isEdge = recomputedLayers === 0 || recomputedLayers === layerCount;
  return {
    checkpointing: isEdge ? (recomputedLayers === 0 ? "none" : "block") : recomputedLayers,
    recomputedLayers,
    bytes,
    fits: bytes <= budget,
  };
}
