import {
  activeTape,
  attention,
  type AttentionHeads,
  type CacheShape,
  recompute,
  reshape,
  crossEntropyHead,
  crossEntropyHeadRows,
  scalarFunction,
  dropout,
  embedding,
  embeddingNoise,
  gradientOverRanks,
  join,
  type Engine,
  engineInUse,
  headLosses,
  type LayerStep,
  type LossSettings,
  type OutputHead,
  rmsNorm,
  type RotaryAngles,
  rotaryAngles,
  scale,
  sumOverRanks,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "../config/model-config.js";
import type { RopeFrequencies } from "../config/rope-frequencies.js";
import type { Architecture, Attend, LayerContext, LayerWeights } from "../architectures/architecture.js";
import { architectureOf } from "../architectures/architecture-of.js";
import { dividedConfig } from "../architectures/divided-model.js";
import {
  headPlace,
  type LayerLinearPlace,
  layerLinears,
  type LinearPlace,
} from "../architectures/linear-places.js";
import { segmentLengths } from "./activation-bytes.js";
import type { BranchedBatch, BranchKeys } from "./branched-batch.js";
import { type Checkpointing, recomputedLayersOf } from "./checkpointing.js";
import type { TokenEmbedding } from "./embedding-table.js";
import { type FlatBatch, type LabelledBatch, positionsOf, type Targets, targetsOf } from "./flat-batch.js";
import type { LayerPass } from "./layer-pass.js";
import type { LayerProvider } from "./layer-provider.js";
import type { Linear } from "./linear.js";
import type { TensorGroup } from "./tensor-group.js";

/** A linear and its place in the model. */
export interface NamedLinear extends LinearPlace {
  readonly linear: Linear;
}

/** Attention of one layer; see {@link Attend}. */
export type AttendLayer = (layer: number, ...qkv: Parameters<Attend>) => tf.Tensor3D;

/** All layers at once: the residual stream [N, h] (borrowed) to that after the last layer, owned by the caller. */
export type RunLayers = (x: tf.Tensor2D, angles: RotaryAngles) => tf.Tensor2D;

/** A vector, such as the weight of a norm, under its name in safetensors. */
export interface NamedVector {
  readonly name: string;
  readonly vector: tf.Tensor1D;
}

/** Receives the experts that the tokens of a layer go to; see `routed` of {@link LayerContext}. */
export type OnRouting = (layer: number, chosen: Int32Array, expertCount: number) => void;

/**
 * Receives the residual stream [N, h] (borrowed) before a layer; with the number of layers, before the last norm. Of the layers
 * before, all have been passed.
 */
export type OnStream = (layer: number, x: tf.Tensor2D) => void;

/** The parts a {@link LanguageModel} is made of; the model owns them from then on. */
export interface LanguageModelParts {
  readonly embedding: TokenEmbedding;
  readonly layers: LayerProvider;
  /** [h] */
  readonly finalNorm: tf.Tensor1D;
  /** [V, h] */
  readonly head: Linear;
  /** Processes that compute its layers and its losses together, of whose linears the layers have shares. @defaultValue none */
  readonly group?: TensorGroup | null;
}

/** How tokens get to the layers, and what is wanted after them. */
export interface PassOptions {
  /** Position of each row's first token, where a cache holds the ones before. */
  readonly firstPositions?: Int32Array;
  /** Where the keys of segments are, if not in the segments themselves. */
  readonly keys?: BranchKeys | null;
  /** Attention to what a cache keeps, if not over the batch itself. */
  readonly attend?: AttendLayer;
  /**
   * Of the M rows that are wanted, at least one; all if left out. The last layer leaves the others out once it has their keys and
   * values.
   */
  readonly positions?: Int32Array;
}

/** How {@link LanguageModel.hiddenStates} runs. */
export interface HiddenStatesOptions extends PassOptions {
  /** All layers at once, in place of one after the other; nothing is recorded then. Not with `positions`. */
  readonly runLayers?: RunLayers;
  /** Receives the residual stream [N, h] before each layer (borrowed). */
  readonly onResidual?: (layer: number, x: tf.Tensor2D) => void;
}

/** The rows of the head that are computed here. */
interface OwnRows {
  readonly rows: tf.Tensor2D;
  readonly tokens: Int32Array;
  /** Of all rows, [start, end). */
  readonly start: number;
  readonly end: number;
  /** Whether there are none, and the first stands for them. */
  readonly isEmpty: boolean;
}

/** Layers [first, end) that run one after the other. */
interface Segment {
  readonly first: number;
  readonly end: number;
  /** Whether only the input of the first is kept. */
  readonly isRecomputed: boolean;
}

/** A decoder-only language model over flat batches; its config's architecture says what a layer is. */
export class LanguageModel {
  readonly #parts: LanguageModelParts;
  #head: Linear;
  #embedding: TokenEmbedding;
  #finalNorm: tf.Tensor1D;
  readonly #architecture: Architecture;
  readonly #frequencies: RopeFrequencies;
  /** Heads of each layer where attention is over the batch itself. */
  readonly #heads: readonly AttentionHeads[];
  readonly #headPlace: LinearPlace;
  readonly #group: TensorGroup | null;
  /** Of what is computed here of each layer. */
  readonly #ownConfig: ModelConfig;
  /** By layer. */
  readonly #places: readonly (readonly LayerLinearPlace[])[];
  /** Activations kept by recorded passes. */
  checkpointing: Checkpointing = "none";
  /** Noise on embeddings where dropout is in force (NEFTune's α); 0 for none. */
  embeddingNoise = 0;
  /**
   * Probability with which a number of the embeddings, and of what attention and MLP add to the residual stream, is dropped
   * where dropout is in force (as GPT-2 was trained); 0 for none.
   */
  residualDropout = 0;
  /** Told which experts the tokens of recorded passes go to, once for each pass that is differentiated; null for nobody. */
  onRouting: OnRouting | null = null;
  /** Shown the residual stream of every pass between its layers, however it goes through them; null for nobody. */
  onStream: OnStream | null = null;
  #revision = 0;

  /** @param engine in whose memory the parts lie, and which computes */
  constructor(
    readonly config: ModelConfig,
    parts: LanguageModelParts,
    readonly engine: Engine = engineInUse(),
  ) {
    this.#parts = parts;
    this.#head = parts.head;
    this.#embedding = parts.embedding;
    this.#finalNorm = parts.finalNorm;
    this.#architecture = architectureOf(config);
    this.#frequencies = this.#architecture.rotary(config);
    this.#group = parts.group && parts.group.size > 1 ? parts.group : null;
    this.#ownConfig = dividedConfig(config, this.#group?.size ?? 1);
    const layers = Array.from({ length: config.layerCount }, (_, layer) => layer);
    this.#heads = layers.map((layer) => this.#architecture.attention(this.#ownConfig, layer));
    this.#headPlace = headPlace(config);
    this.#places = layers.map((layer) => layerLinears(config, layer));
  }

  /** Changes with every exchange of what the model computes with: what was computed before is of another model then. */
  get revision(): number {
    return this.#revision;
  }

  /** Says that something the model computes with has become another without being exchanged here, as adapters do. */
  revise(): void {
    this.#revision++;
  }

  /** Weights of the layers, in order; see {@link LayerProvider.layers}. */
  get layers(): readonly LayerWeights[] {
    return this.#parts.layers.layers;
  }

  /** Whether the weights of its layers stay on disk until they are held: it then computes by `walkLayers` alone. */
  get isStreamed(): boolean {
    return this.#parts.layers.isStreamed;
  }

  /** Bytes of files that were read since it was loaded, of layers that stay on disk. */
  get bytesRead(): number {
    return this.#parts.layers.bytesRead;
  }

  get embedding(): TokenEmbedding {
    return this.#embedding;
  }

  /** [h] */
  get finalNorm(): tf.Tensor1D {
    return this.#finalNorm;
  }

  /** What a cache for this model holds rows of. */
  get cacheShape(): CacheShape {
    return { layers: this.#heads.map((_, layer) => this.#architecture.cache(this.#ownConfig, layer)) };
  }

  /** All linears with their places, layers first, the head last. */
  linears(): NamedLinear[] {
    const inLayers = this.#places.flat().map((place): NamedLinear => ({
      ...place,
      linear: this.#parts.layers.layers[place.layer].linears[place.pathInLayer],
    }));
    return [...inLayers, { ...this.#headPlace, linear: this.#head }];
  }

  /**
   * Puts another linear in a place, e.g. one that wraps the present one, which is returned and not disposed.
   * @throws RangeError if the path is none of {@link LanguageModel.linears} or the shapes differ
   */
  replaceLinear(path: string, replacement: Linear): Linear {
    const place = this.#places.flat().find((candidate) => candidate.path === path);
    if (!place && path !== this.#headPlace.path) throw new RangeError(`no linear at ${path}`);
    const ofLayer = place ? this.#parts.layers.layers[place.layer].linears : null;
    const before = place && ofLayer ? ofLayer[place.pathInLayer] : this.#head;
    expectShape(path, before.shape, replacement.shape);
    if (place && ofLayer) ofLayer[place.pathInLayer] = replacement;
    else this.#head = replacement;
    this.revise();
    return before;
  }

  /** Name of the embedding's tensor in safetensors. */
  get embeddingName(): string {
    return this.#architecture.ends.embedding;
  }

  /**
   * Puts another embedding in the place of the present one, which is returned and not disposed.
   * @throws RangeError if the shapes differ
   */
  replaceEmbedding(replacement: TokenEmbedding): TokenEmbedding {
    const before = this.#embedding;
    expectShape(this.embeddingName, before.shape, replacement.shape);
    this.#embedding = replacement;
    this.revise();
    return before;
  }

  /** All vectors, layers first, the one of the last norm at the end. */
  vectors(): NamedVector[] {
    const inLayers = this.layers.flatMap(({ vectors }, layer) =>
      Object.entries(vectors).map(([name, vector]) => ({
        name: this.#architecture.layerPrefix(layer) + name,
        vector,
      })),
    );
    return [...inLayers, { name: this.#architecture.ends.finalNorm, vector: this.#finalNorm }];
  }

  /**
   * Puts another vector in a place; the former one is returned and not disposed.
   * @throws RangeError if the name is none of {@link LanguageModel.vectors} or the shapes differ
   */
  replaceVector(name: string, replacement: tf.Tensor1D): tf.Tensor1D {
    const before = this.vectors().find((candidate) => candidate.name === name)?.vector;
    if (!before) throw new RangeError(`no vector named ${name}`);
    expectShape(name, before.shape, replacement.shape);
    this.revise();
    if (before === this.#finalNorm) this.#finalNorm = replacement;
    for (const { vectors } of this.layers) {
      for (const [key, vector] of Object.entries(vectors)) if (vector === before) vectors[key] = replacement;
    }
    return before;
  }

  /**
   * Hidden states after the final norm, recorded on the active tape.
   *
   * @returns [N, h], or [M, h] with `positions`, owned by the caller
   */
  hiddenStates(batch: FlatBatch, options: HiddenStatesOptions = {}): tf.Tensor2D {
    const { runLayers, onResidual } = options;
    const pass = this.hiddenStatesPass(batch, options);
    if (runLayers) return tf.tidy(() => pass.end(runLayers(pass.begin(), this.#angles(batch, options))));
    const runs = this.#segments(onResidual !== undefined);
    // Rows of the table are looked up again rather than kept, where the first segment is computed again.
    let x = onResidual || !runs[0].isRecomputed ? pass.begin() : null;
    try {
      for (const { first, end, isRecomputed } of runs) {
        const before: tf.Tensor2D | null = x;
        if (before) onResidual?.(first, before);
        x = (isRecomputed ? recompute : directly)(
          (input) => {
            let output = (input as tf.Tensor2D | undefined) ?? pass.begin();
            for (let index = first; index < end; index++) output = pass.layer(index, output);
            return output;
          },
          ...(before ? [before] : []),
        );
        before?.dispose();
      }
      return pass.end(x!);
    } finally {
      x?.dispose();
    }
  }

  /** The pass of {@link LanguageModel.hiddenStates}, a layer at a time. It uses embedding and final norm as they are now. */
  hiddenStatesPass(batch: FlatBatch, options: PassOptions = {}): LayerPass<tf.Tensor2D> {
    const { config } = this;
    const { segments } = batch;
    const { keys, positions } = options;
    const angles = this.#angles(batch, options);
    const [querySegments, keySegments] = [segments, keys?.segments ?? segments];
    const seen = (x: tf.Tensor3D): tf.Tensor3D => (keys ? rowsAt(x, keys.rows) : x);
    const attend: AttendLayer =
      options.attend ??
      ((layer, q, k, v) =>
        attention(q, seen(k), seen(v), { querySegments, keySegments, ...this.#heads[layer] }));
    const [table, finalNorm] = [this.#embedding, this.#finalNorm];
    const ownConfig = this.#ownConfig;
    const contextOf = (index: number): LayerContext => ({
      angles,
      attend: (...qkv) => attend(index, ...qkv),
      isCached: options.attend !== undefined,
      dropped: this.#droppedIn(index),
      handed: (x) => this.#handed(x),
      joined: (x) => this.#joined(x),
      positions: index === config.layerCount - 1 ? positions : undefined,
      routed: this.#routedIn(index),
    });
    const inLayer = (
      index: number,
      compute: (weights: LayerWeights, context: LayerContext) => tf.Tensor2D,
    ): tf.Tensor2D => tf.tidy(() => this.#withLayer(index, (weights) => compute(weights, contextOf(index))));
    return {
      begin: () => this.#embed(table, batch),
      layer: (index, x) => {
        this.onStream?.(index, x);
        return inLayer(index, (weights, context) =>
          this.#architecture.forward(ownConfig, index, weights, x, context),
        );
      },
      routed: (index) => {
        const parts = this.#architecture.routed(ownConfig, index);
        return (
          parts && {
            expertCount: parts.expertCount,
            expertsPerToken: parts.expertsPerToken,
            attend: (x) => {
              this.onStream?.(index, x);
              return inLayer(index, (weights, context) => parts.attend(weights, x, context));
            },
            choose: (y) => this.#withLayer(index, (weights) => parts.choose(weights, y)),
            feed: (y) => inLayer(index, (weights, context) => parts.feed(weights, y, context)),
          }
        );
      },
      end: (x) => {
        this.onStream?.(config.layerCount, x);
        return rmsNorm(x, finalNorm, config.rmsNormEpsilon);
      },
    };
  }

  /** Layers that are computed again are told of then: the first time nothing is kept of them. */
  #routedIn(layer: number): LayerContext["routed"] {
    const { onRouting } = this;
    if (!onRouting || !activeTape()?.keeps) return undefined;
    return (chosen, expertCount) => {
      onRouting(layer, chosen, expertCount);
    };
  }

  /** Holds a layer's weights for passes that walk the layers; see {@link LayerProvider.hold}. */
  async holdLayer(layer: number, experts?: ReadonlySet<number>): Promise<() => void> {
    return await this.#parts.layers.hold(layer, experts);
  }

  /**
   * The steps of the layers, for a cache that computes one token of each sequence as a whole, or null where a layer has none; see
   * {@link Architecture.step}. Valid until a linear is replaced or disposed.
   */
  layerSteps(): LayerStep[] | null {
    const steps = this.#parts.layers.layers.map((weights, layer) =>
      this.#architecture.step(this.#ownConfig, layer, weights),
    );
    const known = steps.filter((step) => step !== null);
    return known.length < steps.length ? null : known;
  }

  /** Rows of the table for tokens, with noise and dropout in training where they are asked for. */
  #embed(table: TokenEmbedding, { tokens, segments }: FlatBatch): tf.Tensor2D {
    return tf.tidy(() => {
      const rows = embeddingNoise(table.lookup(tokens), this.embeddingNoise, segments, this.embeddingName);
      return this.#dropped(rows, `${this.embeddingName} dropout`);
    });
  }

  #angles({ segments }: FlatBatch, { firstPositions }: PassOptions): RotaryAngles {
    const { inverseFrequencies, attentionFactor } = this.#frequencies;
    return rotaryAngles(positionsOf(segments, firstPositions), inverseFrequencies, attentionFactor);
  }

  #droppedIn(layer: number): LayerContext["dropped"] {
    const prefix = this.#architecture.layerPrefix(layer);
    return (branch, block) => this.#dropped(branch, `${prefix}${block} dropout`);
  }

  /** Hands what all processes of the group have to the part that is computed here; the tensor itself without a group. */
  #handed(x: tf.Tensor2D): tf.Tensor2D {
    return this.#group ? gradientOverRanks(x, this.#group.sum) : x;
  }

  /** Joins the parts that the processes of the group have; the tensor itself without a group. */
  #joined<Part extends tf.Tensor>(part: Part): Part {
    return this.#group ? sumOverRanks(part, this.#group.sum) : part;
  }

  /** Dropout of the residual stream; without it the tensor itself. */
  #dropped(x: tf.Tensor2D, site: string): tf.Tensor2D {
    return this.residualDropout > 0 ? dropout(x, this.residualDropout, site) : x;
  }

  /** Computes with a layer's weights, which stay until the backward pass has passed them where one is recorded. */
  #withLayer<Result>(layer: number, compute: (weights: LayerWeights) => Result): Result {
    const { layers } = this.#parts;
    const weights = layers.acquire(layer);
    const release = (): void => layers.release(layer);
    const tape = activeTape();
    if (tape?.keeps) {
      tape.whenPassed(release);
      return compute(weights);
    }
    try {
      return compute(weights);
    } finally {
      release();
    }
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
      : segmentLengths(this.#ownConfig, this.engine.precision, recomputedLayers);
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

  #hiddenStatesAt(batch: FlatBatch, positions: Int32Array, options: PassOptions = {}): tf.Tensor2D {
    return leavesOut(batch, positions)
      ? this.hiddenStates(batch, { positions, ...options })
      : embedding(this.hiddenStates(batch, options), positions);
  }

  /** Hidden states after the final norm as numbers. Not recorded. @returns `[N, h]`, row after row */
  hiddenValues(batch: FlatBatch): Float32Array {
    const hidden = tf.tidy(() => this.hiddenStates(batch));
    try {
      return hidden.dataSync() as Float32Array;
    } finally {
      hidden.dispose();
    }
  }

  /**
   * Summed negative log-likelihood of the labels, in nats, recorded on the active tape. Only positions that carry a
   * label reach the head. Where rows have weights, each label's is multiplied by its row's.
   * @param settings smoothing of labels and the like, while a tape is active
   * @returns a scalar, owned by the caller
   */
  loss(batch: LabelledBatch, settings?: LossSettings): tf.Scalar {
    const targets = targetsOf(batch);
    return tf.tidy(() =>
      this.#lossOf(this.#hiddenStatesAt(batch, targets.positions), targets, batch.weights, settings),
    );
  }

  /** The pass of {@link LanguageModel.loss}, a layer at a time: the same bits. Settings have a say while a tape is active. */
  lossPass(batch: LabelledBatch, settings?: LossSettings): LayerPass<tf.Scalar> {
    const { targets, rows, ...parts } = this.#labelledPass(batch);
    return {
      ...parts,
      end: (x) => {
        const used = activeTape() ? settings : undefined;
        return tf.tidy(() => this.#lossOf(rows(x), targets, batch.weights, used));
      },
    };
  }

  /** A pass to the rows [M, h] that carry a label, without its end. */
  #labelledPass(batch: LabelledBatch) {
    const targets = targetsOf(batch);
    const { positions } = targets;
    const isShort = leavesOut(batch, positions);
    const { begin, layer, routed, end } = this.hiddenStatesPass(batch, isShort ? { positions } : {});
    const rows = (x: tf.Tensor2D): tf.Tensor2D => (isShort ? end(x) : embedding(end(x), positions));
    return { begin, layer, routed, targets, rows };
  }

  /** @param rows [M, h] of the targets */
  #lossOf(
    rows: tf.Tensor2D,
    { tokens, rows: rowOf }: Targets,
    weights: Float64Array | undefined,
    settings: LossSettings | undefined,
  ): tf.Scalar {
    const { vocabularySize } = this.config;
    const head = this.#outputHead();
    if (!weights) {
      const own = this.#ownRows(rows, tokens);
      const loss = crossEntropyHead(own.rows, own.tokens, head, vocabularySize, undefined, settings);
      return this.#joined(own.isEmpty ? scale(loss, 0) : loss);
    }
    const losses = this.#rowLosses(rows, tokens, settings);
    const gradient = Float64Array.from(rowOf, (row) => weights[row]);
    return scalarFunction(losses, (values) => {
      const value = values.reduce((sum, loss, label) => sum + gradient[label] * loss, 0);
      return { value, gradient };
    });
  }

  /** Of the rows that carry a label those whose losses are computed here: the head is shared by rows. */
  #ownRows(rows: tf.Tensor2D, tokens: Int32Array): OwnRows {
    const [count] = rows.shape;
    if (!this.#group) return { rows, tokens, start: 0, end: count, isEmpty: false };
    const { rank, size } = this.#group;
    const [start, end] = [rank, rank + 1].map((number) => Math.floor((number * count) / size));
    // Gradients are summed by all processes, so that one without a row takes the first, and leaves its loss out.
    const isEmpty = start === end;
    const [first, last] = isEmpty ? [0, Math.min(1, count)] : [start, end];
    const numbers = Int32Array.from({ length: last - first }, (_, i) => first + i);
    const own = embedding(this.#handed(rows), numbers);
    return { rows: own, tokens: tokens.subarray(first, last), start, end, isEmpty };
  }

  /** Losses of rows [M, h] with the labels that follow them. @returns [M] */
  #rowLosses(rows: tf.Tensor2D, tokens: Int32Array, settings?: LossSettings): tf.Tensor1D {
    const [count] = rows.shape;
    const own = this.#ownRows(rows, tokens);
    const { vocabularySize } = this.config;
    const losses = crossEntropyHeadRows(
      own.rows,
      own.tokens,
      this.#outputHead(),
      vocabularySize,
      undefined,
      settings,
    );
    if (!this.#group) return losses;
    const column: tf.Tensor2D = reshape(losses, [losses.size, 1]);
    // One without a row of its own has the first row's loss, which counts for nothing.
    const [start, end] = own.isEmpty ? [0, losses.size] : [own.start, own.end];
    const parts = [
      ...(start > 0 ? [tf.zeros<tf.Rank.R2>([start, 1])] : []),
      own.isEmpty ? scale(column, 0) : column,
      ...(end < count ? [tf.zeros<tf.Rank.R2>([count - end, 1])] : []),
    ];
    return reshape(this.#joined(join(parts, 0)), [count]);
  }

  /** {@link LanguageModel.#rowLosses} that are not recorded. */
  #plainRowLosses(rows: tf.Tensor2D, tokens: Int32Array): Float32Array {
    return tf.tidy(() => {
      const own = this.#ownRows(rows, tokens);
      const losses = headLosses(own.rows, own.tokens, this.#outputHead(), this.config.vocabularySize);
      if (!this.#group) return losses;
      const all = new Float32Array(tokens.length);
      if (!own.isEmpty) all.set(losses, own.start);
      this.#group.sum(all);
      return all;
    });
  }

  /** Negative log-likelihood of every label, in nats, in order of position. Not recorded. */
  tokenLosses(batch: LabelledBatch): Float32Array {
    const { positions, tokens } = targetsOf(batch);
    const rows = tf.tidy(() => this.#hiddenStatesAt(batch, positions));
    try {
      return this.#plainRowLosses(rows, tokens);
    } finally {
      rows.dispose();
    }
  }

  /** The pass of {@link LanguageModel.tokenLosses}, a layer at a time: the same bits. @returns at its end [M] */
  tokenLossPass(batch: LabelledBatch): LayerPass<tf.Tensor1D> {
    const { targets, rows, ...parts } = this.#labelledPass(batch);
    return {
      ...parts,
      end: (x) => tf.tidy(() => tf.tensor1d(this.#plainRowLosses(rows(x), targets.tokens))),
    };
  }

  /**
   * Negative log-likelihood of every label of a branched batch, in nats, recorded on the active tape: for losses that are no
   * sum of them.
   * @returns [M] in the order of `labels`, owned by the caller
   */
  labelLosses(batch: BranchedBatch): tf.Tensor1D {
    const { positions, labels, firstPositions, keys } = batch;
    return tf.tidy(() => {
      const rows = this.#hiddenStatesAt(batch, positions, { firstPositions, keys });
      return this.#rowLosses(rows, labels);
    });
  }

  /** Frees all weights, wrapped linears included. */
  dispose(): void {
    for (const { linear } of this.linears()) linear.dispose();
    for (const { vectors, fixed } of this.#parts.layers.layers) {
      tf.dispose([...Object.values(vectors), ...Object.values(fixed)]);
    }
    this.#finalNorm.dispose();
    this.#embedding.dispose();
    this.#parts.layers.dispose();
  }
}

/**
 * Whether layers are told which rows are wanted. Where nearly all are, copies of their rows cost more than the others do; and
 * layers want at least one row.
 */
function leavesOut({ tokens }: FlatBatch, positions: Int32Array): boolean {
  return positions.length > 0 && positions.length < 0.75 * tokens.length;
}

/** @throws RangeError naming the place */
function expectShape(place: string, expected: readonly number[], actual: readonly number[]): void {
  if (tf.util.arraysEqual(expected.slice(), actual.slice())) return;
  throw new RangeError(`${place}: expected shape [${expected.join(", ")}], got [${actual.join(", ")}]`);
}

/** Rows of heads [N, G, d] by number, recorded on the active tape. */
function rowsAt(x: tf.Tensor3D, numbers: Int32Array): tf.Tensor3D {
  const [rows, heads, size] = x.shape;
  const flat: tf.Tensor2D = reshape(x, [rows, heads * size]);
  return reshape(embedding(flat, numbers), [numbers.length, heads, size]);
}

function directly(block: (...inputs: tf.Tensor[]) => tf.Tensor2D, ...inputs: tf.Tensor[]): tf.Tensor2D {
  return tf.tidy(() => block(...inputs));
}
