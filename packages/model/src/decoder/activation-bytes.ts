import { headBytes, type Precision } from "@lathe/tensor";
import type { LayerBytes, LayerPlan } from "../architectures/architecture.js";
import { architectureOf } from "../architectures/architecture-of.js";
import { headPlace } from "../architectures/linear-places.js";
import type { ModelConfig } from "../config/model-config.js";
import type { Checkpointing } from "./checkpointing.js";

const FLOAT_BYTES = 4;

/** Memory in pieces that are too small to be used again. */
const SLACK = 1.08;

/** What the memory of a training step depends on, besides the model. */
export interface ActivationPlan extends LayerPlan {
  /** Tokens of the largest micro-batch. */
  readonly tokens: number;
  /** Labels of the micro-batch with the most. */
  readonly labels: number;
  /** Of what is trained. @defaultValue none */
  readonly gradients?: GradientBytes | undefined;
}

/** Bytes of the gradients of what is trained, by when they come. */
export interface GradientBytes {
  /** Of the output head, which come first; those of a tied embedding too. */
  readonly head: number;
  /** Of the embedding, which come last. */
  readonly embedding: number;
  /** Of the layer with the most. */
  readonly layer: number;
  /** Of everything, once each. */
  readonly all: number;
  /** Whether those of earlier micro-batches are there already. */
  readonly isAccumulated: boolean;
}

const NO_GRADIENTS: GradientBytes = { head: 0, embedding: 0, layer: 0, all: 0, isAccumulated: false };

/** Bytes a token of the first so many layers. */
function layerBytes(config: ModelConfig, plan: LayerPlan, length: number): LayerBytes[] {
  const architecture = architectureOf(config);
  return Array.from({ length }, (_, layer) => architecture.bytes(config, layer, plan));
}

/** Bytes a token of the input of a layer that is computed again. */
const inputBytes = ({ hiddenSize }: ModelConfig): number => hiddenSize * FLOAT_BYTES;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/**
 * The longest segments whose bytes a token stay within a limit, or null if some layers are left over.
 * @param kept bytes a token of the layers that are computed again
 */
function segmentsWithin(limit: number, kept: readonly number[], input: number): number[] | null {
  const lengths: number[] = [];
  for (let first = 0; first < kept.length;) {
    let room = limit - (lengths.length + 1) * input;
    let end = first;
    while (end < kept.length && kept[end] <= room) room -= kept[end++];
    if (end === first) return null;
    lengths.push(end - first);
    first = end;
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
  return segmentsOf(bareBytes(config, precision, recomputedLayers), inputBytes(config));
}

/** What layers keep without trained updates, bytes a token of the first so many. */
function bareBytes(config: ModelConfig, precision: Precision, length: number): number[] {
  const plan: LayerPlan = { precision, adapted: new Set(), rank: 0 };
  return layerBytes(config, plan, length).map((bytes) => bytes.kept);
}

function segmentsOf(kept: readonly number[], input: number): readonly number[] {
  // All layers in one segment always suffice.
  let [low, high] = [0, sum(kept) + input];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (segmentsWithin(middle, kept, input)) high = middle;
    else low = middle + 1;
  }
  return segmentsWithin(high, kept, input)!;
}

/** What a step holds at its worst moment, in bytes. */
interface MomentBytes {
  /** Activations and their gradients. */
  readonly activations: number;
  /** Logits and their gradients; 0 where the worst moment is in a layer. */
  readonly head: number;
  /** Gradients of what is trained. */
  readonly gradients: number;
}

const total = ({ activations, head, gradients }: MomentBytes): number => activations + head + gradients;

/** Bytes a token of all layers: as they are trained, and what they keep without trained updates. */
interface AllLayers {
  readonly layers: readonly LayerBytes[];
  readonly bare: readonly number[];
}

const allLayers = (config: ModelConfig, plan: LayerPlan): AllLayers => ({
  layers: layerBytes(config, plan, config.layerCount),
  bare: bareBytes(config, plan.precision, config.layerCount),
});

/** The worst moment of a training step with so many layers computed again. */
function worstMoment(
  config: ModelConfig,
  plan: ActivationPlan,
  recomputedLayers: number,
  { layers, bare }: AllLayers = allLayers(config, plan),
): MomentBytes {
  const { tokens, labels, gradients = NO_GRADIENTS } = plan;
  const { hiddenSize, vocabularySize } = config;
  const input = inputBytes(config);
  const lengths = segmentsOf(bare.slice(0, recomputedLayers), input);
  // Inputs of the segments up to one, and what its layers keep.
  let first = 0;
  const again = lengths.map((length, index) => {
    const kept = layers.slice(first, first + length).map((bytes) => bytes.kept);
    first += length;
    return (index + 1) * input + sum(kept);
  });
  const [recomputed, others] = [layers.slice(0, recomputedLayers), layers.slice(recomputedLayers)];
  const kept = tokens * (lengths.length * input + sum(others.map((bytes) => bytes.kept)));
  const atWork = (ofLayers: readonly LayerBytes[]): number =>
    tokens * Math.max(...ofLayers.map((bytes) => bytes.atWork));
  // What comes before the layers, at their last and at their first; in later micro-batches all are there from the start.
  const soFar = (bytes: number): number => (gradients.isAccumulated ? gradients.all : bytes);
  const [ofLast, ofAll] = [soFar(gradients.head + gradients.layer), gradients.all];
  /** Whether the embedding's gradient is added to one that is there. */
  const hasSum = gradients.isAccumulated || config.tieWordEmbeddings;
  const { name } = headPlace(config);
  const headKind = gradients.head > 0 ? "trained" : plan.adapted.has(name) ? "adapted" : "frozen";
  const moments: MomentBytes[] = [
    {
      activations: kept + (2 * labels + 2 * tokens) * hiddenSize * FLOAT_BYTES,
      // A chunk's part of the head's gradient beside the sum of those before.
      head: headBytes(labels, vocabularySize, headKind) + 2 * gradients.head,
      gradients: soFar(0),
    },
    // The first layer alone is left, and then the embedding's gradient comes.
    {
      activations: tokens * (input + layers[0].kept) + atWork(layers.slice(0, 1)),
      head: 0,
      gradients: ofAll,
    },
    { activations: tokens * input, head: 0, gradients: ofAll + (hasSum ? gradients.embedding : 0) },
  ];
  if (others.length > 0) {
    moments.push({ activations: kept + atWork(others), head: 0, gradients: ofLast });
  }
  if (recomputedLayers > 0) {
    const activations = tokens * Math.max(...again) + atWork(recomputed);
    moments.push({ activations, head: 0, gradients: again.length === 1 ? ofAll : ofLast });
  }
  return moments.reduce((worst, moment) => (total(moment) > total(worst) ? moment : worst));
}

/**
 * Bytes of activations and gradients at the worst moment of a training step, weights not included: an estimate from above
 * that measured peaks come close to.
 *
 * @param recomputedLayers layers that are computed again, 0 to all, in segments that keep only their input
 */
export function activationBytes(config: ModelConfig, plan: ActivationPlan, recomputedLayers: number): number {
  return total(worstMoment(config, plan, recomputedLayers));
}

/**
 * Bytes of activations and gradients at the worst moment of a step that goes layer by layer: one layer at a time is computed
 * again and back for one micro-batch, and the inputs of the others are kept by someone else. An estimate from above.
 */
export function layerwiseBytes(config: ModelConfig, plan: ActivationPlan): number {
  const { tokens, labels, gradients = NO_GRADIENTS } = plan;
  const layers = layerBytes(config, plan, config.layerCount);
  const inLayer = tokens * Math.max(...layers.map(({ kept, atWork }) => inputBytes(config) + kept + atWork));
  const { name } = headPlace(config);
  const kind = gradients.head > 0 ? "trained" : plan.adapted.has(name) ? "adapted" : "frozen";
  const atHead =
    (2 * labels + 2 * tokens) * config.hiddenSize * FLOAT_BYTES +
    headBytes(labels, config.vocabularySize, kind) +
    2 * gradients.head;
  return Math.round((Math.max(inLayer, atHead) + gradients.all) * SLACK);
}

/** Which layers to compute again, and what that takes. */
export interface CheckpointingPlan {
  readonly checkpointing: Checkpointing;
  /** Layers that are computed again, 0 to all. */
  readonly recomputedLayers: number;
  /** Expected at the worst moment of a step, weights not included: activations, head, gradients and working space together. */
  readonly bytes: number;
  /** Of these, activations and their gradients. */
  readonly activationBytes: number;
  /** Of these, logits and their gradients; 0 where the worst moment is in a layer. */
  readonly headBytes: number;
  /** Of these, gradients of what is trained. */
  readonly gradientBytes: number;
  /** Whether that is within the budget; if not, it is the least there is. */
  readonly fits: boolean;
}

/**
 * The fastest policy for a budget: as few layers as possible are computed again.
 * @param budget bytes that activations may take, weights not included
 * @param asked a policy to take in place of the fastest
 */
export function planCheckpointing(
  config: ModelConfig,
  plan: ActivationPlan,
  budget: number,
  asked: Checkpointing | "auto" = "auto",
): CheckpointingPlan {
  const { layerCount } = config;
  const all = allLayers(config, plan);
  const bytesWith = (layers: number): number =>
    Math.round(total(worstMoment(config, plan, layers, all)) * SLACK);
  const recomputedLayers = asked === "auto" ? fewestLayers() : layersOf(asked, layerCount);
  const bytes = bytesWith(recomputedLayers);
  const { activations, head, gradients } = worstMoment(config, plan, recomputedLayers, all);
  const isEdge = recomputedLayers === 0 || recomputedLayers === layerCount;
  return {
    checkpointing: isEdge ? (recomputedLayers === 0 ? "none" : "block") : recomputedLayers,
    recomputedLayers,
    bytes,
    activationBytes: activations,
    headBytes: head,
    gradientBytes: gradients,
    fits: bytes <= budget,
  };

  function fewestLayers(): number {
    const sizes = Array.from({ length: layerCount + 1 }, (_, layers) => bytesWith(layers));
    const fitting = sizes.findIndex((size) => size <= budget);
    return fitting < 0 ? sizes.indexOf(Math.min(...sizes)) : fitting;
  }
}

function layersOf(checkpointing: Checkpointing, layerCount: number): number {
  if (checkpointing === "none") return 0;
  return checkpointing === "block" ? layerCount : Math.min(checkpointing, layerCount);
}
