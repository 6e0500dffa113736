import { phrase } from "@lathe/files";
import { ZeroMask } from "@lathe/kernels";
import type { Linear, MatrixShare, RowRange } from "@lathe/model";
import {
  activeDropoutKey,
  activeTape,
  add,
  dropout,
  type DropoutWindow,
  fusedLinears,
  fusesLinears,
  linear,
  type LinearTerms,
  maskedUpdate,
  type MatrixAxis,
  scale,
  split,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { adaptedRowNorms, doraUpdate } from "./dora.js";
import { AdapterStateError } from "./errors.js";
import type { LoraConfig } from "./lora-config.js";
import type { SavedModules } from "./saved-modules.js";
import { TrainedBias } from "./trained-bias.js";
import { type HostMatrices, mergeIntoWeight, type ScaledMatrices, squaredRowNorms } from "./merged-weight.js";

/** How an adapter acts on one linear. */
export interface UpdateSettings {
  readonly rank: number;
  /** Factor on the update. */
  readonly scale: number;
  /** Rate at which the update's input is dropped in training. */
  readonly dropout: number;
}

/** One adapter's matrices on one linear. Axes: I inputs, O outputs, r rank. */
export interface LoraMatrices extends UpdateSettings {
  /** Of the adapter as a whole; shared by all its linears. */
  readonly config: LoraConfig;
  /** [r, I] */
  readonly a: tf.Variable<tf.Rank.R2>;
  /** [O, r], zero before training */
  readonly b: tf.Variable<tf.Rank.R2>;
  /** [O] with DoRA, else null */
  readonly magnitude: tf.Variable<tf.Rank.R1> | null;
  /** A₀ and B₀, whose product is subtracted from that of A and B; null where none is. */
  readonly origin: { readonly a: tf.Variable<tf.Rank.R2>; readonly b: tf.Variable<tf.Rank.R2> } | null;
  /** What the update leaves alone with `keepSparsity`, else null. */
  readonly zeros: ZeroMask | null;
  /** Whole modules that the adapter trains; of the adapter, too. */
  readonly saved: SavedModules | null;
}

/** What belongs to an adapter besides its matrices. */
export interface AdapterParts {
  /** Whole modules that it trains. @defaultValue null */
  readonly saved?: SavedModules | null;
  /** Whether the initial matrices stay subtracted, so that the adapter begins without an effect. @defaultValue false */
  readonly isSubtracted?: boolean;
}

/** Rows [start, end) of what a pass computes, and the adapters in force for them. */
export interface RowAdapters {
  readonly start: number;
  readonly end: number;
  /** Names in the order in which they apply; none for the base alone. */
  readonly names: readonly string[];
}

/** Row norms of W + s·B A and the data of A and B that they were computed from. */
interface KnownNorms {
  readonly a: tf.DataId;
  readonly b: tf.DataId;
  readonly norms: tf.Tensor1D;
}

/**
 * A frozen linear under adapters: y = base(x) + Σ scale · (dropout(x) Aᵀ) Bᵀ over the active ones
 * (arXiv:2106.09685, §4.1), or with DoRA the same product under trained row lengths (arXiv:2402.09353).
 *
 * An adapter may train the bias as well, which then is in force whether the adapter is or not, as in PEFT. A linear may be under an
 * adapter for the sake of its bias alone.
 *
 * With `keepSparsity` an update leaves alone what is zero in the base.
 *
 * Several active adapters apply in order; a DoRA adapter rescales the result of those before it, as in PEFT.
 *
 * Of a linear that several processes share each has the whole of A and B, and computes with what of them its stretch asks for; the sum of
 * their gradients over the processes is the gradient.
 *
 * Axes: N rows, I inputs, O outputs, r rank.
 */
export class LoraLinear implements Linear {
  readonly #adapters = new Map<string, LoraMatrices>();
  readonly #knownNorms = new Map<string, KnownNorms>();
  #active: readonly string[] = [];
  #rows: readonly RowAdapters[] | null = null;
  #bias: TrainedBias | null = null;
  /** [O] each, made for the first DoRA adapter. */
  #forDora: { readonly squaredNorms: tf.Tensor1D; readonly bias: tf.Tensor1D | null } | null = null;

  constructor(
    /** The linear below, which this one owns. */
    readonly base: Linear,
    /** Its path in the model; places draw different dropout masks. */
    readonly path: string,
  ) {}

  get shape(): readonly [outFeatures: number, inFeatures: number] {
    return this.base.shape;
  }

  get share(): MatrixShare | undefined {
    return this.base.share;
  }

  /** Adapters by name, in the order in which they were added. */
  get adapters(): ReadonlyMap<string, LoraMatrices> {
    return this.#adapters;
  }

  /** The bias in the place of the linear's own, where an adapter trains it. */
  get bias(): TrainedBias | null {
    return this.#bias;
  }

  /**
   * Trains the bias of the linear as a part of an adapter.
   * @param values to begin with, copied; the linear's own without
   * @throws AdapterStateError if another adapter trains it: there is one place for it
   */
  trainBias(adapter: string, values: Float32Array | null): void {
    if (this.share) {
      throw new AdapterStateError(
        adapter,
        phrase`${this.path}: several processes share it, and its bias cannot be trained; train no biases`,
      );
    }
    if (this.#bias) {
      throw new AdapterStateError(
        adapter,
        phrase`${this.path}: its bias is trained by the adapter ${this.#bias.adapter} already; detach that, or train no biases`,
      );
    }
    this.#bias = new TrainedBias(adapter, this.base, values);
  }

  /** Names of the adapters in force, of the whole model; some may have no matrices here. */
  get active(): readonly string[] {
    return this.#active;
  }

  set active(names: readonly string[]) {
    this.#active = [...names];
    this.#rows = null;
  }

  /**
   * Puts adapters in force for some rows each, until the active ones are set anew. The ranges follow one another and cover all rows of
   * the passes to come, of which none is recorded.
   */
  set rows(rows: readonly RowAdapters[]) {
    this.#active = [];
    this.#rows = rows;
  }

  /**
   * Adds an adapter; it has no effect before it is active.
   * @param values initial matrices, copied; a missing magnitude is the row norm of W + s·B A, so that nothing changes
   * @throws AdapterStateError if the name is taken
   */
  add(
    name: string,
    config: LoraConfig,
    settings: UpdateSettings,
    values: HostMatrices,
    { saved = null, isSubtracted = false }: AdapterParts = {},
  ): void {
    if (this.#adapters.has(name))
      throw new AdapterStateError(name, phrase`${this.path} has an adapter ${name} already`);
    const [outFeatures, inFeatures] = this.share?.whole ?? this.shape;
    if (this.share && (config.useDora || config.keepSparsity || isSubtracted)) {
      throw new AdapterStateError(
        name,
        phrase`${this.path}: several processes share its weight, and DoRA, kept zeros and initial matrices that are subtracted ask for all of it; leave one of them out`,
      );
    }
    const { rank } = settings;
    const a = variable(tf.tensor2d(values.a.slice(), [rank, inFeatures]));
    const b = variable(tf.tensor2d(values.b.slice(), [outFeatures, rank]));
    const magnitude = config.useDora
      ? variable(
          values.magnitude
            ? tf.tensor1d(values.magnitude.slice())
            : adaptedRowNorms(this.base, ...this.#doraConstants(), a, b, settings.scale),
        )
      : null;
    const origin = isSubtracted ? { a: variable(a.clone()), b: variable(b.clone()) } : null;
    const zeros = config.keepSparsity ? ZeroMask.of(this.base.denseWeight(), this.shape) : null;
    this.#adapters.set(name, { ...settings, config, a, b, magnitude, origin, zeros, saved });
  }

  /** Removes an adapter and frees its matrices and its bias; an unknown name is passed over. */
  remove(name: string): void {
    if (this.#bias?.adapter === name) {
      this.#bias.dispose();
      this.#bias = null;
    }
    const matrices = this.#adapters.get(name);
    if (!matrices) return;
    this.#adapters.delete(name);
    this.#knownNorms.get(name)?.norms.dispose();
    this.#knownNorms.delete(name);
    this.#active = this.#active.filter((other) => other !== name);
    matrices.a.dispose();
    matrices.b.dispose();
    matrices.magnitude?.dispose();
    matrices.origin?.a.dispose();
    matrices.origin?.b.dispose();
  }

  /** x [N, I] → y [N, O], recorded on the active tape and owned by the caller. */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    const bias = this.#bias;
    return bias ? tf.tidy(() => bias.exchange(this.#adaptedForward(x))) : this.#adaptedForward(x);
  }

  #adaptedForward(x: tf.Tensor2D): tf.Tensor2D {
    if (this.#rows) return this.#forwardByRows(x, this.#rows);
    const active = this.#inForce(this.#active);
    if (active.length === 0) return this.base.forward(x);
    return tf.tidy(() => {
      const terms = fusesLinears() ? this.#frozenTerms() : null;
      return terms ? fusedLinears(x, [terms])[0] : this.#updated(x, this.base.forward(x), active);
    });
  }

  /** The base of all rows at once, and the update of each adapter for its own. */
  #forwardByRows(x: tf.Tensor2D, rows: readonly RowAdapters[]): tf.Tensor2D {
    return tf.tidy(() => {
      const y = this.base.forward(x);
      const updates = rows.map((range) => ({ active: this.#inForce(range.names), ...range }));
      if (updates.every(({ active }) => active.length === 0)) return y;
      const parts = updates.map(({ start, end, active }) => {
        const part = (of: tf.Tensor2D): tf.Tensor2D => tf.slice2d(of, [start, 0], [end - start, -1]);
        return active.length === 0 ? part(y) : this.#updated(part(x), part(y), active);
      });
      return tf.concat2d(parts, 0);
    });
  }

  /** @param x [N, I]   @param y [N, O], the base's   @returns y with the updates of adapters, [N, O] */
  #updated(
    x: tf.Tensor2D,
    y: tf.Tensor2D,
    active: readonly (readonly [name: string, matrices: LoraMatrices])[],
  ): tf.Tensor2D {
    for (const [name, matrices] of active) {
      const { magnitude, zeros } = matrices;
      const { a, b } = this.#ownOf(matrices);
      const isDropping = matrices.dropout > 0 && activeDropoutKey() !== null;
      const input = isDropping
        ? dropout(x, matrices.dropout, this.#dropoutSite(name), this.#inputWindow())
        : x;
      const product = (rows: tf.Tensor2D, of: { a: tf.Tensor2D; b: tf.Tensor2D }): tf.Tensor2D =>
        zeros
          ? maskedUpdate(rows, of.a, of.b, matrices.scale, zeros)
          : linear(scale(linear(rows, of.a, null, "OI"), matrices.scale), of.b, null, "OI");
      const trained = product(input, { a, b });
      const update = matrices.origin ? add(trained, scale(product(x, matrices.origin), -1)) : trained;
      if (magnitude) {
        // What is dropped for the update is dropped for the product that DoRA rescales, too.
        const z = isDropping ? this.base.forward(input) : y;
        const [, bias] = this.#doraConstants();
        y = add(y, doraUpdate(z, update, magnitude, this.#norms(name, matrices), bias));
      } else {
        y = add(y, update);
      }
    }
    return y;
  }

  terms(): LinearTerms | null {
    if (this.#rows?.some(({ names }) => this.#inForce(names).length > 0)) return null;
    const terms = this.#frozenTerms();
    if (!terms || !this.#bias) return terms;
    // Engines that fuse linears take their biases for frozen.
    return activeTape()?.isTracked(this.#bias.variable) ? null : { ...terms, bias: this.#bias.variable };
  }

  /** With the linear's own bias. */
  #frozenTerms(): LinearTerms | null {
    const below = this.base.terms?.() ?? null;
    const active = this.#inForce(this.#active);
    if (!below || active.length === 0) return below;
    const [[name, matrices]] = active;
    const { magnitude, origin, zeros, dropout: rate, scale: factor } = matrices;
    if (active.length > 1 || magnitude || origin || zeros || below.update) return null;
    // Kernels draw the masks of whole rows.
    if (rate > 0 && this.#inputWindow()) return null;
    const { a, b } = this.#ownOf(matrices);
    const update = { a, b, scale: factor, dropout: rate, site: this.#dropoutSite(name) };
    return { weight: below.weight, bias: below.bias, update };
  }

  /** The weight with the active adapters merged in, [O, I] row-major. */
  denseWeight(): Float32Array {
    const weight = this.base.denseWeight();
    mergeIntoWeight(
      weight,
      this.shape,
      this.#inForce(this.#active).flatMap(([, matrices]) => onHost(matrices)),
    );
    return weight;
  }

  denseBias(): Float32Array | null {
    return this.#bias ? Float32Array.from(this.#bias.variable.dataSync()) : this.base.denseBias();
  }

  /** Frees all adapters and leaves the base alone. */
  disposeAdapters(): void {
    for (const name of [...this.#adapters.keys()]) this.remove(name);
    this.#bias?.dispose();
    this.#bias = null;
    this.#forDora?.squaredNorms.dispose();
    this.#forDora?.bias?.dispose();
    this.#forDora = null;
  }

  /** Frees the adapters and the base. */
  dispose(): void {
    for (const { saved } of this.#adapters.values()) saved?.dispose();
    this.disposeAdapters();
    this.base.dispose();
  }

  /** Which columns of the whole linear's inputs come here, where they are not all. */
  #inputWindow(): DropoutWindow | undefined {
    const { share } = this;
    if (!share) return undefined;
    const [, width] = share.whole;
    const { start, end } = share.inputs;
    return end - start === width ? undefined : { width, start };
  }

  /** What of A and B is computed with here, recorded on the active tape. */
  #ownOf({ a, b }: LoraMatrices): { readonly a: tf.Tensor2D; readonly b: tf.Tensor2D } {
    const { share } = this;
    return share ? { a: stretch(a, share.inputs, 1), b: stretch(b, share.outputs, 0) } : { a, b };
  }

  #dropoutSite(adapter: string): string {
    return `${this.path}.lora_dropout.${adapter}`;
  }

  #inForce(names: readonly string[]): [name: string, matrices: LoraMatrices][] {
    return names.flatMap((name) => {
      const matrices = this.#adapters.get(name);
      return matrices ? [[name, matrices] as [string, LoraMatrices]] : [];
    });
  }

  #doraConstants(): [squaredNorms: tf.Tensor1D, bias: tf.Tensor1D | null] {
    if (!this.#forDora) {
      const bias = this.base.denseBias();
      this.#forDora = {
        squaredNorms: tf.keep(tf.tensor1d(squaredRowNorms(this.base.denseWeight(), this.shape[0]))),
        bias: bias && tf.keep(tf.tensor1d(bias)),
      };
    }
    return [this.#forDora.squaredNorms, this.#forDora.bias];
  }

  /** Computed anew when A or B have been assigned: a variable then holds other data. */
  #norms(name: string, { a, b, scale: factor }: LoraMatrices): tf.Tensor1D {
    const known = this.#knownNorms.get(name);
    if (known?.a === a.dataId && known.b === b.dataId) return known.norms;
    known?.norms.dispose();
    const norms = tf.keep(adaptedRowNorms(this.base, ...this.#doraConstants(), a, b, factor));
    this.#knownNorms.set(name, { a: a.dataId, b: b.dataId, norms });
    return norms;
  }
}

/** Rows or columns of a matrix, recorded on the active tape; the matrix itself where they are all. */
function stretch(x: tf.Tensor2D, { start, end }: RowRange, axis: MatrixAxis): tf.Tensor2D {
  const size = x.shape[axis];
  const before = start > 0 ? 1 : 0;
  const sizes = [start, end - start, size - end].filter((part) => part > 0);
  return sizes.length === 1 ? x : split(x, sizes, axis)[before];
}

/** Without a name of ours: TensorFlow.js keeps the names of variables in one list and refuses a second of a name. */
function variable<R extends tf.Rank>(initial: tf.Tensor<R>): tf.Variable<R> {
  const made = tf.variable(initial);
  initial.dispose();
  return made;
}

function onHost({ a, b, magnitude, origin, zeros, rank, scale: factor }: LoraMatrices): ScaledMatrices[] {
  const trained: ScaledMatrices = {
    a: a.dataSync<"float32">(),
    b: b.dataSync<"float32">(),
    magnitude: magnitude?.dataSync<"float32">() ?? null,
    zeros,
    rank,
    scale: factor,
  };
  if (!origin) return [trained];
  const [ofA, ofB] = [origin.a.dataSync<"float32">(), origin.b.dataSync<"float32">()];
  return [trained, { a: ofA, b: ofB, magnitude: null, zeros, rank, scale: -factor }];
}
