import type { AttentionHeads, LayerCacheShape, LayerStep, Precision, RotaryAngles } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { ConfigKeys } from "../config/config-keys.js";
import type { ModelConfig } from "../config/model-config.js";
import type { RopeFrequencies } from "../config/rope-frequencies.js";
import type { Linear } from "../decoder/linear.js";

/** Which block a linear belongs to. */
export type LinearBlock = "attention" | "mlp" | "head";

/**
 * What a linear does, in a word that all architectures share: "query", "key", "value", "output", "gate", "up", "down",
 * "head". An architecture with other kinds of linears has words of its own, and a linear may do several things.
 */
export type LinearRole = string;

/** How a linear may be shared by processes that compute a layer together. */
export interface LinearDivision {
  /** Whether each has some of its outputs, or some of its inputs, so that what it gives is a part of a sum. */
  readonly axis: "outputs" | "inputs";
  /** Pieces of equal size along that axis that are not to be torn apart, such as heads. */
  readonly pieces: number;
  /** Whether several processes may have the same piece where there are more of them, as heads of queries read the same keys. @defaultValue false */
  readonly isCommon?: boolean;
}

/** A linear of a layer, `<path>.weight` and, with a bias, `<path>.bias` in safetensors. */
export interface LinearPart {
  readonly kind: "linear";
  /** Path within the layer, e.g. `self_attn.q_proj`. */
  readonly path: string;
  readonly roles: readonly LinearRole[];
  readonly block: LinearBlock;
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  readonly hasBias: boolean;
  /** Share of the tokens that pass it on average, where they are routed. @defaultValue 1 */
  readonly tokenShare?: number;
  /** Number of the routed expert that it is a part of. @defaultValue none */
  readonly expert?: number;
  /** How it may be shared. @defaultValue not at all: all processes have it */
  readonly division?: LinearDivision;
}

/** A vector of a layer, such as the weight of a norm. */
export interface VectorPart {
  readonly kind: "vector";
  /** Name of the tensor within the layer, e.g. `input_layernorm.weight`. */
  readonly name: string;
  readonly size: number;
}

/** A tensor of a layer that stays as it is: float32 whatever linears are packed in, and never trained, as those of a router. */
export interface FixedPart {
  readonly kind: "fixed";
  /** Name of the tensor within the layer, e.g. `mlp.gate.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** Something that a layer consists of. */
export type LayerPart = LinearPart | VectorPart | FixedPart;

/** What is before and after the layers, under the names that safetensors have. */
export interface ModelEnds {
  /** Name of the embedding's tensor [V, h]. */
  readonly embedding: string;
  /** Name of the last norm's tensor [h]. */
  readonly finalNorm: string;
  /** Path of the output head [V, h]. A tied one has no tensor of its own: its weight is the embedding's. */
  readonly head: string;
}

/** The weights of a layer, by path or name within it. They may be exchanged while the model lives. */
export interface LayerWeights {
  readonly linears: Record<string, Linear>;
  readonly vectors: Record<string, tf.Tensor1D>;
  /** Those of {@link FixedPart}. */
  readonly fixed: Readonly<Record<string, tf.Tensor>>;
}

/**
 * Attention of a layer over the rows at hand, or over those and a cache.
 *
 * Axes: N rows, H query heads, G key/value heads, d size of keys, e size of values.
 * q [N, H, d], k [N, G, d], v [N, G, e] → [N, H, e]
 */
export type Attend = (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) => tf.Tensor3D;

/** What a layer computes with besides its weights. */
export interface LayerContext {
  readonly angles: RotaryAngles;
  readonly attend: Attend;
  /**
   * Whether `attend` keeps keys and values for later tokens. It then takes them as {@link Architecture.cache} says, else as
   * {@link Architecture.attention} does.
   */
  readonly isCached: boolean;
  /**
   * What a block gives before it is added to the residual stream: in training with dropout where it is asked for, else itself.
   * Recorded on the active tape.
   */
  readonly dropped: (branch: tf.Tensor2D, block: LinearBlock) => tf.Tensor2D;
  /**
   * Hands the input of a half of the layer, which all processes have that compute it together, to the part that is computed here, and
   * joins what the parts give; the tensors themselves where one process computes it alone. Recorded on the active tape.
   */
  readonly handed: (x: tf.Tensor2D) => tf.Tensor2D;
  /** What the parts of a block give, added up; see {@link LayerContext.handed}. */
  readonly joined: (x: tf.Tensor2D) => tf.Tensor2D;
  /** Positions of the M rows that are wanted, all if left out; the others end as keys and values. */
  readonly positions?: Int32Array | undefined;
  /**
   * Told which experts the tokens of the layer go to, where it has some and someone wants to know.
   * @param chosen numbers of experts, those of the first token first   @param expertCount of how many
   */
  readonly routed?: ((chosen: Int32Array, expertCount: number) => void) | undefined;
}

/**
 * A layer with routed experts in two parts, between which it is known which of them are computed with.
 *
 * Axes: N rows, M of them that are wanted, h hidden.
 */
export interface RoutedForward {
  readonly expertCount: number;
  readonly expertsPerToken: number;
  /** Through attention, recorded on the active tape. @param x [N, h] @returns [M, h], owned by the caller */
  attend(weights: LayerWeights, x: tf.Tensor2D, context: LayerContext): tf.Tensor2D;
  /** The experts of each row, which `feed` goes to. Not recorded. @param y [M, h], what `attend` gave @returns [M, k] numbers */
  choose(weights: LayerWeights, y: tf.Tensor2D): Int32Array;
  /** Through the experts, recorded on the active tape. @param y [M, h], what `attend` gave @returns [M, h], owned by the caller */
  feed(weights: LayerWeights, y: tf.Tensor2D, context: LayerContext): tf.Tensor2D;
}

/** What the bytes of a token in a layer depend on. */
export interface LayerPlan {
  /** What the engine computes in; with `bf16` and `int8` it keeps activations in half the bytes. */
  readonly precision: Precision;
  /** Names of linears with trained updates, e.g. `q_proj`: their inputs are kept. */
  readonly adapted: ReadonlySet<string>;
  /** Largest rank of an update. */
  readonly rank: number;
}

/** Bytes a token that a layer takes in training, its input not counted. */
export interface LayerBytes {
  /** Kept from the forward pass for the backward pass. */
  readonly kept: number;
  /** While the layer is computed back: gradients, and in float32 what was kept in fewer bits. */
  readonly atWork: number;
}

/**
 * All that Lathe knows of one kind of model: how its config is read, which tensors it consists of and what they are for,
 * how a layer computes and what it keeps. What loads, adapts, packs, plans and runs models asks here and knows no layer
 * itself.
 */
export interface Architecture<Config extends ModelConfig = ModelConfig> {
  /** `model_type` of its config.json. */
  readonly name: string;
  /** The class that `architectures` of its config.json names. */
  readonly className: string;
  readonly ends: ModelEnds;
  /** What the names of a layer's tensors begin with, e.g. `model.layers.0.`. */
  layerPrefix(layer: number): string;
  /**
   * Reads the keys of a config.json that are the architecture's own.
   * @throws ModelConfigError naming the key
   */
  parseConfig(keys: ConfigKeys): Config;
  /** The tensors of a layer, in the order of safetensors. */
  parts(config: Config, layer: number): readonly LayerPart[];
  /** The config of the share that one of so many processes has of every layer, which its linears can be divided by. */
  divided(config: Config, size: number): Config;
  /** The heads of a layer where attention is over the rows at hand. */
  attention(config: Config, layer: number): AttentionHeads;
  /** What a layer keeps of past tokens in generation, and the heads of its attention to them. */
  cache(config: Config, layer: number): LayerCacheShape;
  /** The frequencies of the rotary position embedding. */
  rotary(config: Config): RopeFrequencies;
  /**
   * The residual stream through one layer, recorded on the active tape.
   * @param x [N, h]
   * @returns [N, h], or [M, h] with `positions`, owned by the caller
   */
  forward(
    config: Config,
    layer: number,
    weights: LayerWeights,
    x: tf.Tensor2D,
    context: LayerContext,
  ): tf.Tensor2D;
  /** The parts of {@link Architecture.forward}, to the same bits; null for a layer that has no routed experts. */
  routed(config: Config, layer: number): RoutedForward | null;
  /**
   * {@link Architecture.forward} of one token a sequence, without tensors, for caches that compute such steps; null where a
   * linear does not say what it multiplies with, or the architecture has no such form: generation then goes by `forward`.
   */
  step(config: Config, layer: number, weights: LayerWeights): LayerStep | null;
  /** Bytes that a layer keeps and works with in a training step. */
  bytes(config: Config, layer: number, plan: LayerPlan): LayerBytes;
}
