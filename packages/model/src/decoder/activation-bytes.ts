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

/** What the bytes of a token in a layer depend on. */
type LayerPlan = Pick<ActivationPlan, "precision" | "adapted" | "rank">;

/** Whether activations are kept in fewer bits than float32. */
const keepsHalves = ({ precision }: LayerPlan): boolean => precision === "bf16" || precision === "int8";

/** Whether gate and up are kept in 8 bits, which products of a whole MLP do; see `gatedMlp`. */
const keepsGatesInBytes = (plan: LayerPlan): boolean => keepsHalves(plan) && !plan.adapted.has("down_proj");

/** Elements a token that one layer keeps for its backward pass, but for gate and up and what attention gave. */
function keptElements(config: ModelConfig, plan: LayerPlan): number {
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
function layerBytes(config: ModelConfig, plan: LayerPlan): { whole: number; input: number } {
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

/** The longest segments whose bytes a token stay within a limit, or null if some layers are left over. */
function segmentsWithin(
  limit: number,
  { whole, input }: ReturnType<typeof layerBytes>,
  recomputedLayers: number,
): number[] | null {
  const lengths: number[] = [];
  for (let left = recomputedLayers; left > 0;) {
    const length = Math.min(left, Math.floor((limit - (lengths.length + 1) * input) / whole));
    if (length < 1) return null;
    lengths.push(length);
    left -= length;
  }
  return lengths;
}

/**
 * Layers that are computed again together, from the input of the first of them, so that inputs and what a segment keeps take
 * the least at the worst moment (after Chen et al., arXiv:1604.06174, §4). Inputs are given back from the last segment to the
 * first, so the first segments, which find few of them left, are the longest. What trained updates keep has no say: a model
 * does not know them.
 *
 * @param recomputedLayers layers that are computed again in all, the first of the model
 * @returns lengths of the segments, the first layers first
 */
export function segmentLengths(
  config: ModelConfig,
  precision: Precision,
  recomputedLayers: number,
): readonly number[] {
  const sizes = layerBytes(config, { precision, adapted: new Set(), rank: 0 });
  // All layers in one segment always suffice.
  let [low, high] = [0, recomputedLayers * sizes.whole + sizes.input];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (segmentsWithin(middle, sizes, recomputedLayers)) high = middle;
    else low = middle + 1;
  }
  return segmentsWithin(high, sizes, recomputedLayers)!;
}

/**
 * Bytes of activations and gradients at the worst moment of a training step, weights not included: an estimate from above
 * that measured peaks come close to.
 *
 * @param recomputedLayers layers that are computed again, 0 to all, in segments that keep only their input
 */
export function activationBytes(config: ModelConfig, plan: ActivationPlan, recomputedLayers: number): number {
  const { tokens, labels } = plan;
  const { hiddenSize, intermediateSize, layerCount, vocabularySize } = config;
  const { whole, input } = layerBytes(config, plan);
  const lengths = segmentLengths(config, plan.precision, recomputedLayers);
  // Inputs of the segments up to one, and what its layers keep.
  const again = Math.max(...lengths.map((length, index) => (index + 1) * input + length * whole));
  const keptLayers = layerCount - recomputedLayers;
  const kept = tokens * (lengths.length * input + keptLayers * whole);
  // While a layer is computed back: its gradients, and what it kept, in float32. Gradients as wide as gate and up in halves,
  // one of them in float32 too for an update of theirs.
  const adaptsGates = plan.adapted.has("gate_proj") || plan.adapted.has("up_proj");
  const wide = keepsGatesInBytes(plan) ? (adaptsGates ? 2 : 1) : 5;
  const atWork = tokens * FLOAT_BYTES * (wide * intermediateSize + 6 * hiddenSize);
  const atHead =
    headBytes(labels, vocabularySize, !plan.adapted.has("lm_head")) +
    (2 * labels + 2 * tokens) * hiddenSize * FLOAT_BYTES;
  return Math.max(
    kept + atHead,
    keptLayers > 0 ? kept + atWork : 0,
    recomputedLayers > 0 ? tokens * again + atWork : 0,
  );
}

/** Which layers to compute again, and what that takes. */
export interface CheckpointingPlan {
  readonly checkpointing: Checkpointing;
  /** Layers that are computed again, 0 to all. */
  readonly recomputedLayers: number;
  /** Expected at the worst moment of a step, weights not included. */
  readonly bytes: number;
  /** Whether that is within the budget; if not, it is the least there is. */
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
  const sizes = Array.from({ length: layerCount + 1 }, (_, layers) => bytesWith(layers));
  const fitting = sizes.findIndex((size) => size <= budget);
  const recomputedLayers = fitting < 0 ? sizes.indexOf(Math.min(...sizes)) : fitting;
  const bytes = sizes[recomputedLayers];
  const isEdge = recomputedLayers === 0 || recomputedLayers === layerCount;
  return {
    checkpointing: isEdge ? (recomputedLayers === 0 ? "none" : "block") : recomputedLayers,
    recomputedLayers,
    bytes,
    fits: bytes <= budget,
  };
}
