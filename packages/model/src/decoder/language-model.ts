import {
  activeTape,
  attention,
  checkpoint,
  crossEntropyHead,
  embedding,
  enginePrecision,
  headLosses,
  type OutputHead,
  rmsNorm,
  type RotaryAngles,
  rotaryAngles,
  type StepLayer,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "../config/model-config.js";
import { ropeInverseFrequencies } from "../config/rope-frequencies.js";
import { segmentLengths } from "./activation-bytes.js";
import { attentionHeads } from "./attention-heads.js";
import {
  type Attend,
  type DecoderLayer,
  decoderLayer,
  type LayerLinearName,
  layerLinearNames,
} from "./decoder-layer.js";
import type { EmbeddingTable } from "./embedding-table.js";
import { type FlatBatch, type LabelledBatch, positionsOf, targetsOf } from "./flat-batch.js";
import type { Linear } from "./linear.js";

/** Where a linear does its work. */
export type LinearRole = "attention" | "mlp" | "head";

/** A linear and its place in the model. */
export interface NamedLinear {
  /** Path as in checkpoints, e.g. `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  /** Last part of the path, e.g. `q_proj`. */
  readonly name: string;
  readonly role: LinearRole;
  /** Layer number; null for the head. */
  readonly layer: number | null;
  readonly linear: Linear;
}

/**
 * Which activations a recorded pass keeps: all (`"none"`), or only inputs of layers, which are run again (`"block"`); a number
 * does the latter for so many layers, the first ones. Layers run again in segments of a few, see {@link segmentLengths}.
 */
export type Checkpointing = "none" | "block" | number;

/** Attention of one layer; see {@link Attend}. */
export type AttendLayer = (layer: number, ...qkv: Parameters<Attend>) => tf.Tensor3D;

/** All layers at once: the residual stream [N, h] (borrowed) to that after the last layer, owned by the caller. */
export type RunLayers = (x: tf.Tensor2D, angles: RotaryAngles, epsilon: number) => tf.Tensor2D;

/** The parts a {@link LanguageModel} is made of; the model owns them from then on. */
export interface LanguageModelParts {
  readonly embedding: EmbeddingTable;
  readonly layers: readonly DecoderLayer[];
  /** [h] */
  readonly finalNorm: tf.Tensor1D;
  /** [V, h] */
  readonly head: Linear;
}

/** Path of the output head. */
export const HEAD_PATH = "lm_head";

/** Path of a layer's linear, as in checkpoints. */
export function linearPath(layer: number, name: LayerLinearName): string {
  return `model.layers.${layer}.${roleOf(name) === "mlp" ? "mlp" : "self_attn"}.${name}`;
}

function roleOf(name: LayerLinearName): LinearRole {
  return name === "gate_proj" || name === "up_proj" || name === "down_proj" ? "mlp" : "attention";
}

/** Layers [first, end) that run one after the other. */
interface Segment {
  readonly first: number;
  readonly end: number;
  /** Whether only the input of the first is kept. */
  readonly isRecomputed: boolean;
}

function recomputedLayersOf(checkpointing: Checkpointing, layerCount: number): number {
  if (checkpointing === "none") return 0;
  return checkpointing === "block" ? layerCount : Math.min(checkpointing, layerCount);
}

/** A decoder-only language model (Qwen2, Llama, Qwen3) over flat batches. */
export class LanguageModel {
  readonly #parts: LanguageModelParts;
  #head: Linear;
  readonly #frequencies: { readonly inverseFrequencies: Float64Array; readonly attentionFactor: number };
  /** Activations kept by recorded passes. */
  checkpointing: Checkpointing = "none";

  constructor(
    readonly config: ModelConfig,
    parts: LanguageModelParts,
  ) {
    this.#parts = parts;
    this.#head = parts.head;
    this.#frequencies = ropeInverseFrequencies(config);
  }

  /** All linears with their places, layers first, the head last. */
  linears(): NamedLinear[] {
    const inLayers = this.#parts.layers.flatMap(({ linears }, layer) =>
      layerLinearNames.map((name): NamedLinear => ({
        path: linearPath(layer, name),
        name,
        role: roleOf(name),
        layer,
        linear: linears[name],
      })),
    );
    return [...inLayers, { path: HEAD_PATH, name: HEAD_PATH, role: "head", layer: null, linear: this.#head }];
  }

  /**
   * Puts another linear in a place, e.g. one that wraps the present one, which is returned and not disposed.
   * @throws RangeError if the path is none of {@link LanguageModel.linears} or the shapes differ
   */
  replaceLinear(path: string, replacement: Linear): Linear {
    const place = this.linears().find((candidate) => candidate.path === path);
    if (!place) throw new RangeError(`no linear at ${path}`);
    const before = place.linear;
    if (before.shape[0] !== replacement.shape[0] || before.shape[1] !== replacement.shape[1]) {
      throw new RangeError(
        `${path}: expected shape [${before.shape.join(", ")}], got [${replacement.shape.join(", ")}]`,
      );
    }
    if (place.layer === null) this.#head = replacement;
    else this.#parts.layers[place.layer].linears[place.name as LayerLinearName] = replacement;
    return before;
  }

  /**
   * Hidden states after the final norm, recorded on the active tape.
   *
   * @param options.firstPositions position of each row's first token, where a cache holds the ones before
   * @param options.attend attention, if not over the batch itself
   * @param options.runLayers all layers at once, in place of one after the other; nothing is recorded then
   * @param options.onResidual receives the residual stream [N, h] before each layer (borrowed)
   * @param options.positions of the M rows that are wanted, at least one; all if left out. The last layer leaves the others
   *   out once it has their keys and values. Not with `runLayers`.
   * @returns [N, h], or [M, h] with `positions`, owned by the caller
   */
  hiddenStates(
    batch: FlatBatch,
    options: {
      readonly firstPositions?: Int32Array;
      readonly attend?: AttendLayer;
      readonly runLayers?: RunLayers;
      readonly onResidual?: (layer: number, x: tf.Tensor2D) => void;
      readonly positions?: Int32Array;
    } = {},
  ): tf.Tensor2D {
    const { config } = this;
    const { tokens, segments } = batch;
    const { inverseFrequencies, attentionFactor } = this.#frequencies;
    const angles = rotaryAngles(
      positionsOf(segments, options.firstPositions),
      inverseFrequencies,
      attentionFactor,
    );
    const shape = {
      ...attentionHeads(config),
      querySegments: segments,
      keySegments: segments,
    };
    const attend: AttendLayer = options.attend ?? ((_layer, q, k, v) => attention(q, k, v, shape));

    const { embedding: table, finalNorm } = this.#parts;
    const { runLayers, onResidual } = options;
    if (runLayers) {
      return tf.tidy(() => {
        const x = runLayers(table.lookup(tokens), angles, config.rmsNormEpsilon);
        return rmsNorm(x, finalNorm, config.rmsNormEpsilon);
      });
    }
    const runLayer = (input: tf.Tensor2D, index: number): tf.Tensor2D => {
      const attendHere: Attend = (...qkv) => attend(index, ...qkv);
      const wanted = index === config.layerCount - 1 ? options.positions : undefined;
      return decoderLayer(input, this.#parts.layers[index], config, angles, attendHere, wanted);
    };
    const runs = this.#segments(onResidual !== undefined);
    // Rows of the table are looked up again rather than kept, where the first segment is computed again.
    let x = onResidual || !runs[0].isRecomputed ? table.lookup(tokens) : null;
    try {
      for (const { first, end, isRecomputed } of runs) {
        const before: tf.Tensor2D | null = x;
        if (before) onResidual?.(first, before);
        x = (isRecomputed ? checkpoint : directly)(
          (input) => {
            let output = (input as tf.Tensor2D | undefined) ?? table.lookup(tokens);
            for (let index = first; index < end; index++) output = runLayer(output, index);
            return output;
          },
          ...(before ? [before] : []),
        );
        before?.dispose();
      }
      return rmsNorm(x!, finalNorm, config.rmsNormEpsilon);
    } finally {
      x?.dispose();
    }
  }

  /**
   * The layers as a cache takes them that computes a step of generation as a whole, or null where a linear does not say what
   * it multiplies with. Valid until a linear is replaced or disposed.
   */
  stepLayers(): StepLayer[] | null {
    const layers = this.#parts.layers.map((layer): StepLayer | null => {
      const { linears, inputNorm, postAttentionNorm, queryNorm, keyNorm } = layer;
      const terms = layerLinearNames.map((name) => linears[name].terms?.() ?? null);
      const known = terms.filter((term) => term !== null);
      if (known.length < terms.length) return null;
      const [query, key, value, output, gate, up, down] = known;
      return {
        ...{ inputNorm, postAttentionNorm, queryNorm, keyNorm },
        ...{ query, key, value, output, gate, up, down },
      };
    });
    const known = layers.filter((layer) => layer !== null);
    return known.length < layers.length ? null : known;
  }

  /** Logits of rows of hidden states. @param hidden [N, h] @returns [N, V], owned by the caller */
  project(hidden: tf.Tensor2D): tf.Tensor2D {
    return this.#head.forward(hidden);
  }

  /** The layers in the order they run, those together that are computed again together; `apart`: each by itself. */
  #segments(apart: boolean): Segment[] {
    const { layerCount } = this.config;
    const recomputedLayers = activeTape() ? recomputedLayersOf(this.checkpointing, layerCount) : 0;
    const lengths = apart
      ? Array<number>(recomputedLayers).fill(1)
      : segmentLengths(this.config, enginePrecision(), recomputedLayers);
    const segments: Segment[] = [];
    let first = 0;
    for (const length of lengths) {
      segments.push({ first, end: first + length, isRecomputed: true });
      first += length;
    }
    for (; first < layerCount; first++) segments.push({ first, end: first + 1, isRecomputed: false });
    return segments;
  }

  #outputHead(): OutputHead {
    return { project: (rows) => this.project(rows), terms: this.#head.terms?.() ?? null };
  }

  #hiddenStatesAt(batch: FlatBatch, positions: Int32Array): tf.Tensor2D {
    const wanted = positions.length / batch.tokens.length;
    // Where nearly all are wanted, copies of their rows cost more than the others do. Layers want at least one row.
    const leavesOut = wanted > 0 && wanted < 0.75;
    return leavesOut
      ? this.hiddenStates(batch, { positions })
      : embedding(this.hiddenStates(batch), positions);
  }

  /**
   * Summed negative log-likelihood of the labels, in nats, recorded on the active tape. Only positions that carry a
   * label reach the head.
   * @returns a scalar, owned by the caller
   */
  loss(batch: LabelledBatch): tf.Scalar {
    const { positions, tokens } = targetsOf(batch);
    return tf.tidy(() => {
      const rows = this.#hiddenStatesAt(batch, positions);
      return crossEntropyHead(rows, tokens, this.#outputHead(), this.config.vocabularySize);
    });
  }

  /** Negative log-likelihood of every label, in nats, in order of position. Not recorded. */
  tokenLosses(batch: LabelledBatch): Float32Array {
    const { positions, tokens } = targetsOf(batch);
    const rows = tf.tidy(() => this.#hiddenStatesAt(batch, positions));
    try {
      return headLosses(rows, tokens, this.#outputHead(), this.config.vocabularySize);
    } finally {
      rows.dispose();
    }
  }

  /** Frees all weights, wrapped linears included. */
  dispose(): void {
    for (const { linear } of this.linears()) linear.dispose();
    for (const { inputNorm, postAttentionNorm, queryNorm, keyNorm } of this.#parts.layers) {
      tf.dispose([inputNorm, postAttentionNorm]);
      queryNorm?.dispose();
      keyNorm?.dispose();
    }
    this.#parts.finalNorm.dispose();
    this.#parts.embedding.dispose();
  }
}

function directly(block: (...inputs: tf.Tensor[]) => tf.Tensor2D, ...inputs: tf.Tensor[]): tf.Tensor2D {
  return tf.tidy(() => block(...inputs));
}
