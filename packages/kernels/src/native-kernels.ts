import type { ActivitySamples } from "./activities.js";
import type { AttentionShape } from "./attention.js";
import type { MomentCodes, PackedMoment } from "./packed-moment.js";
import type { WeightMatrix } from "./weight-matrix.js";

/**
 * How attention is laid out, keys and values having one size, and how it multiplies: unless `fp32`, factors may be rounded to
 * bfloat16 where that is faster.
 */
export interface NativeAttentionShape extends Omit<AttentionShape, "keySize" | "valueSize"> {
  /** Numbers a head of queries, keys and values. */
  readonly headSize: number;
  readonly precision?: ProductPrecision;
}

/** An activation as a forward pass kept it for the backward pass: as it was, or rounded to bfloat16 by `toBf16`. */
export type KeptActivation = Float32Array | Uint16Array;

/** Sets of processor features that native kernels are compiled for. Those that are emulated are in test builds only. */
export type CpuLevel =
  "portable" | "avx2" | "avx512" | "avx512bf16" | "amx" | "neon" | "emulated" | "emulatedamx";

/**
 * How activations enter a product; sums are float32 (or exact) in any case.
 *
 * - `fp32`: as they are.
 * - `bf16`: rounded to bfloat16 on levels that multiply that faster, for weights in int8, bf16 and nf4 (which is itself
 *   rounded then); elsewhere as they are.
 * - `int8`: rounded to small integers with a scale a row, but for columns with outliers, which stay as they are (LLM.int8(),
 *   arXiv:2208.07339; SwitchBack, arXiv:2304.13013). Codes reach 127, but 64 on `avx2` and `avx512`, which lack VNNI and
 *   add two products of bytes in 16 bits. Gradients are rounded up or down in proportion to what lies between, without a
 *   bias. Weights in other formats than int8 are rounded too, with a scale for each output of the product in each block
 *   of its depth (at least 896 long).
 */
export type ProductPrecision = "fp32" | "bf16" | "int8";

/** The update of a low-rank adapter: scale · left right, added to a product before it leaves the cache. */
export interface LowRankUpdate {
  /** [N, rank] */
  readonly left: Float32Array;
  /** [O, rank] for `linear`, which uses its transpose; [rank, I] for `linearInputGradient`. */
  readonly right: Float32Array;
  readonly rank: number;
  readonly scale: number;
}

/** How products with weights multiply and end. */
export interface PrecisionOptions {
  /** Factor on the product, 1 if left out. Bias and low-rank updates are not multiplied by it. */
  readonly alpha?: number | undefined;
  /** Adds to the output instead of overwriting it. */
  readonly accumulate?: boolean | undefined;
  /** `fp32` if left out. Products of up to 4 rows always take activations as they are. */
  readonly precision?: ProductPrecision | undefined;
  /**
   * With `int8`: an element beyond so many times the root mean square of its row is an outlier. Columns that have one in a
   * row of 16, or a single one beyond 4 times that ratio of the row's mean magnitude, are set aside, up to an eighth of
   * the columns. 6 if left out; Infinity for none.
   */
  readonly outlierRatio?: number | undefined;
}

/** {@link PrecisionOptions} of one product, with a low-rank update. */
export interface ProductOptions extends PrecisionOptions {
  readonly lowRank?: LowRankUpdate | null | undefined;
}

/** One of several products of the same activations. */
export interface LinearOutput {
  readonly weight: WeightMatrix;
  readonly bias: Float32Array | null;
  readonly y: Float32Array;
  readonly lowRank?: LowRankUpdate | null | undefined;
}

/** One of the two products of {@link NativeKernels.gatedLinear}. */
export type GateTerms = Omit<LinearOutput, "y">;

/** c [m, n] = alpha · op(a) op(b). */
export interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** a is [k, m] instead of [m, k]. */
  readonly transposeA?: boolean | undefined;
  /** b is [n, k] instead of [k, n]. */
  readonly transposeB?: boolean | undefined;
  readonly alpha?: number | undefined;
  readonly accumulate?: boolean | undefined;
}

/** Attention of one query over the first `length` rows of a cache. */
export interface DecodeShape {
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  readonly scale: number;
  readonly length: number;
  /** [M, G], for caches in int8: one scale for each head of each row, as `toInt8Rows` gives them. */
  readonly keyScales?: Float32Array | undefined;
  readonly valueScales?: Float32Array | undefined;
}

/** A sequence's keys and values in {@link NativeKernels.attentionStep}, with room for at least one row more. */
export interface StepCache {
  /** [M, G, d] */
  readonly keys: CacheRows;
  /** [M, G, d], of the type of `keys` */
  readonly values: CacheRows;
  /** [M, G], for caches in int8: one scale for each head of each row. */
  readonly keyScales?: Float32Array | undefined;
  /** [M, G], likewise. */
  readonly valueScales?: Float32Array | undefined;
  /** Rows held so far. */
  readonly length: number;
}

/** The heads of {@link NativeKernels.attentionStep}. */
export type StepShape = Pick<DecodeShape, "headCount" | "keyValueHeadCount" | "headSize" | "scale">;

/** Keys or values [M, G, d]: float32, bfloat16 or, with scales, int8. */
export type CacheRows = Float32Array | Uint16Array | Int8Array;

/** What one parameter's step reads and writes, all of one length. */
export interface AdamWTensor {
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Constants of one step of AdamW; each in float64. */
export interface AdamWStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Number of this step, 1 for the first. */
  readonly step: number;
  /** Factor on every gradient, e.g. from clipping; 1 if left out. */
  readonly gradientScale?: number | undefined;
}

/** What one parameter's step over moments in 8 bits reads and writes. */
export interface AdamW8bitTensor {
  readonly parameter: Float32Array;
  /** Of the same length. */
  readonly gradient: Float32Array;
  readonly first: PackedMoment;
  readonly second: PackedMoment;
}

/** What one parameter's step of Adafactor reads and writes. */
export interface AdafactorTensor {
  /** [matrices, rows, columns], or a vector */
  readonly parameter: Float32Array;
  /** Of the same length. */
  readonly gradient: Float32Array;
  /** How many matrices lie one after the other; 1 for a vector. */
  readonly matrices: number;
  /** [matrices, rows]; null for a vector */
  readonly rowMoments: Float32Array | null;
  /** [matrices, columns]; of a vector the squares, of its length */
  readonly columnMoments: Float32Array;
}

/** Constants of one step of Adafactor; each in float64. */
export interface AdafactorStep {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Share of the second moments that stays, 0 in the first step. */
  readonly kept: number;
  /** Factor on every gradient, e.g. from clipping; 1 if left out. */
  readonly gradientScale?: number | undefined;
}

/** Native memory of the process, in bytes, exact. */
export interface NativeMemory {
  /** In blocks of {@link NativeKernels.allocate} that were not freed. */
  readonly allocatedBytes: number;
  readonly allocations: number;
  /** Most that `allocatedBytes` was since the start or {@link NativeKernels.resetPeak}. */
  readonly peakAllocatedBytes: number;
  /** Of files in {@link NativeKernels.mapFile}, in whole pages; resident only as far as they were read. */
  readonly mappedBytes: number;
  readonly mappings: number;
  /** What kernels keep to work in, all threads together. */
  readonly scratchBytes: number;
}

/**
 * The C++ kernels, at one level of processor features.
 *
 * Axes: N rows (tokens), I inputs, O outputs, h hidden size, V vocabulary, H query heads, G key/value heads, d head size,
 * M key rows. Arrays are row-major. Sizes follow from the lengths of the arrays, which must fit exactly: pass a
 * `subarray` of a larger buffer. Outputs are overwritten and, unless said otherwise, do not overlap inputs.
 *
 * Results have the same bits for any number of threads; levels differ in the last bits. Calls are synchronous. A wrong
 * argument throws a TypeError or RangeError that begins with the kernel's name, before anything is written.
 */
export interface NativeKernels {
  readonly level: CpuLevel;
  /** Levels that this build has and this machine can run, best first. */
  readonly levels: readonly CpuLevel[];

  /** Threads that a kernel uses, the caller included: LATHE_THREADS, else the processor's cores. Shared by the process. */
  threads(): number;
  /**
   * Sets how many threads a kernel uses.
   * @param count from 1 to 1024, in force for the whole process
   */
  setThreads(count: number): void;

  /**
   * Looks from now on, every so many microseconds, at what each thread that computes is doing. Does nothing where that is
   * under way.
   */
  startSamples(microseconds: number): void;
  /** Ends {@link startSamples} and says what was seen; nothing where it was not begun. */
  stopSamples(): ActivitySamples;

  /** Zeroed memory of `bytes` bytes, aligned to 64. Freed with the buffer, or at once by {@link free}. */
  allocate(bytes: number): ArrayBuffer;
  /** Gives the memory of {@link allocate} or {@link mapFile} back now and detaches the buffer. Freeing twice is harmless. */
  free(buffer: ArrayBuffer): void;
  /**
   * Maps `length` bytes of a file from `offset` on (to its end if left out). The file cannot change through the buffer:
   * pages become private copies when written to. Where the file is cut while it is mapped, or its disk fails, zeros are in place
   * of what cannot be read, and every kernel throws an error with the code `ERR_LATHE_MAPPED_FILE` and the file's `path` until the buffer
   * is freed. Runtimes have a limit to one buffer, 4 GiB on Node 20; a RangeError says so.
   */
  mapFile(path: string, offset?: number, length?: number): ArrayBuffer;
  /**
   * Takes the whole pages of a part of a buffer of {@link mapFile} out of the process. They come from the file again when they are touched;
   * what was written to them is lost.
   */
  dropPages(buffer: ArrayBuffer, offset: number, length: number): void;
  /** What the process holds of native memory now. */
  memory(): NativeMemory;
  /** Begins a new peak at what is allocated now. */
  resetPeak(): void;
  /** Frees what kernels keep to work in on the calling thread; it comes back with use. */
  trimScratch(): void;

  /** y [N, O] = alpha · x [N, I] Wᵀ + bias [O], W being [O, I]. Up to 4 rows are bound by reading the weights. */
  linear(
    x: KeptActivation,
    weight: WeightMatrix,
    bias: Float32Array | null,
    y: Float32Array,
    options?: ProductOptions,
  ): void;
  /** {@link linear} with several weights of one number of inputs: x is read and packed once. */
  linearMany(x: KeptActivation, outputs: readonly LinearOutput[], options?: PrecisionOptions): void;
  /** dx [N, I] = alpha · dy [N, O] W, from the same codes. */
  linearInputGradient(
    dy: KeptActivation,
    weight: WeightMatrix,
    dx: Float32Array,
    options?: ProductOptions,
  ): void;
  /**
   * The wide half of a gated MLP: hidden [N, f] = silu(gate) · up in bfloat16, gate and up being the products of x [N, I] with
   * two weights [f, I], which never exist as matrices.
   * @param kept what the backward pass needs, `gatedBytes(N, f)` bytes at a multiple of 4; null for none
   */
  gatedLinear(
    x: Float32Array,
    gate: GateTerms,
    up: GateTerms,
    kept: Uint8Array | null,
    hidden: Uint16Array,
    options?: PrecisionOptions,
  ): void;
  /**
   * Gradients of gate and up [N, f] in bfloat16, from dy [N, O], the gradient of hidden · downᵀ.
   * @param down [O, f]   @param kept by {@link gatedLinear}
   * @param dGate may begin where kept does, and is then written over its codes
   */
  gatedLinearBackward(
    dy: Float32Array,
    down: WeightMatrix,
    kept: Uint8Array,
    dGate: Uint16Array,
    dUp: Uint16Array,
    options?: ProductOptions,
  ): void;
  /** hidden [N, f] again, from what {@link gatedLinear} kept. */
  gatedHidden(kept: Uint8Array, hidden: Uint16Array, f: number): void;
  /** c = alpha · op(a) op(b), in float32. */
  gemm(a: Float32Array, b: Float32Array, c: Float32Array, shape: GemmShape): void;

  /** y [N, h] = x / √(mean(x²) + ε) · weight [h]. y may be x. */
  rmsNormForward(x: Float32Array, weight: Float32Array, y: Float32Array, epsilon: number): void;
  /** dx [N, h] and dWeight [h], each null where not wanted. dx may be dy. */
  rmsNormBackward(
    x: KeptActivation,
    weight: Float32Array,
    dy: Float32Array,
    dx: Float32Array | null,
    dWeight: Float32Array | null,
    epsilon: number,
  ): void;

  /** Rotary positions, x and out [N, H, d], cos and sin [N, d/2]; −1 turns back, which is the gradient. out may be x. */
  rotate(
    x: Float32Array,
    out: Float32Array,
    cos: Float32Array,
    sin: Float32Array,
    headCount: number,
    headSize: number,
    direction: 1 | -1,
  ): void;

  /** out = silu(gate) · up, elementwise. out may be gate or up. */
  swigluForward(gate: Float32Array, up: Float32Array, out: Float32Array): void;
  /**
   * Gradients of both, each null where not wanted; each may be dOut, or float32 gate or up, but not the other. Gate and up are
   * kept in one format.
   */
  swigluBackward(
    gate: KeptActivation,
    up: KeptActivation,
    dOut: Float32Array,
    dGate: Float32Array | null,
    dUp: Float32Array | null,
  ): void;

  /** out = a + b. out may be either. */
  add(a: Float32Array, b: Float32Array, out: Float32Array): void;
  /** out = a · b, elementwise. out may be either. */
  multiply(a: Float32Array, b: Float32Array, out: Float32Array): void;
  /** out = factor · x. out may be x. */
  scale(x: Float32Array, factor: number, out: Float32Array): void;
  /** out [N, width] = factors [N] · x [N, width], row by row. out may be x. */
  scaleRows(x: Float32Array, factors: Float32Array, out: Float32Array): void;
  /** sums [width] of the rows of x [N, width], added to sums where `accumulate` is true: the gradient of a bias. */
  sumRows(x: Float32Array, sums: Float32Array, accumulate?: boolean): void;
  /** codes = x rounded to bfloat16, to nearest, ties to even. */
  toBf16(x: Float32Array, codes: Uint16Array): void;
  /** x = codes widened, exactly. */
  fromBf16(codes: Uint16Array, x: Float32Array): void;
  /** codes [N, width] = x / scales [N], the scale of a row being its largest magnitude / 127. */
  toInt8Rows(x: Float32Array, codes: Int8Array, scales: Float32Array): void;
  /**
   * Packs weights [O, I] in fp32, bf16 or fp16: codes [O, I] = weight / scales [O], bit for bit as `int8Scale` and `int8Codes`
   * have them. A row that is not finite gets codes of 0 and a scale of NaN.
   */
  toInt8Weights(source: WeightMatrix, codes: Int8Array, scales: Float32Array): void;
  /**
   * Widens rows [firstRow, firstRow + N) of a matrix [O, I] of 8-bit floats with a scale a block, bit for bit as the function of
   * that name in reference.ts does.
   * @param codes [N, I]   @param columns I   @param scales [⌈O / 128⌉, ⌈I / 128⌉]   @param out [N, I] bfloat16
   */
  fromFp8Blocks(
    codes: Uint8Array,
    columns: number,
    firstRow: number,
    scales: Float32Array,
    out: Uint16Array,
  ): void;
  /** y += factor · x. */
  addScaled(y: Float32Array, x: Float32Array, factor: number): void;
  /** out = eˣ, within 2 ulp. out may be x. */
  exponential(x: Float32Array, out: Float32Array): void;
  /** out [columns, rows] = x [rows, columns] transposed. */
  transpose(x: Float32Array, out: Float32Array, rows: number, columns: number): void;

  /** out [N, columns] = rows `ids` of a table in any format, widened. */
  gatherRows(table: WeightMatrix, ids: Int32Array, out: Float32Array): void;
  /** dTable [rows, width] += dOut [N, width] at rows `ids`: the gradient of a lookup. */
  scatterAddRows(dOut: Float32Array, ids: Int32Array, dTable: Float32Array, width: number): void;

  /**
   * out = x · mask, with the mask that `dropoutMask` gives for the key (key0, key1) and rate; added to out where
   * `accumulate` is true. out may be x.
   */
  dropout(
    x: Float32Array,
    out: Float32Array,
    key0: number,
    key1: number,
    rate: number,
    accumulate?: boolean,
  ): void;

  /** out [N, H, d] of q [N, H, d] over k and v [M, G, d]; logSumExp [N, H] is what the backward pass needs. */
  attentionForward(
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    out: Float32Array,
    logSumExp: Float32Array | null,
    shape: NativeAttentionShape,
  ): void;
  /**
   * dq [N, H, d], dk and dv [M, G, d] from dOut [N, H, d] and what the forward pass gave; q, k and v are kept in one
   * format, out in that too or, as `toInt8Rows` gives a row a head, in int8.
   */
  attentionBackward(
    q: KeptActivation,
    k: KeptActivation,
    v: KeptActivation,
    out: CacheRows,
    logSumExp: Float32Array,
    dOut: Float32Array,
    dq: Float32Array,
    dk: Float32Array,
    dv: Float32Array,
    shape: NativeAttentionShape & { readonly outScales?: Float32Array | null | undefined },
  ): void;
  /** out [H, d] of one query q [H, d] over the first `length` rows of k and v [M, G, d]. */
  attentionDecode(q: Float32Array, k: CacheRows, v: CacheRows, out: Float32Array, shape: DecodeShape): void;
  /**
   * One token a sequence: writes rows k and v [S, G, d] after those that each sequence's cache holds, in its format, and
   * gives out [S, H, d] of queries q [S, H, d], each over its sequence's rows, the new one included. The caches have one
   * format and no memory in common.
   */
  attentionStep(
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    caches: readonly StepCache[],
    out: Float32Array,
    shape: StepShape,
  ): void;

  /**
   * losses [M] = log Σ exp(logits [M, V]) − logits[target], in nats; dLogits [M, V] = gradientScale · (softmax − one-hot),
   * or null. dLogits may be logits.
   */
  crossEntropyRows(
    logits: Float32Array,
    targets: Int32Array,
    losses: Float32Array,
    dLogits: Float32Array | null,
    gradientScale: number,
  ): void;

  /**
   * An output head with its loss: losses [N] as {@link crossEntropyRows} gives them of logits hidden [N, h] Wᵀ + bias, W being
   * [V, h], and dHidden [N, h], the gradient of their sum, or null. There is no matrix of logits.
   * @param workspace for the gradient, in float32 or bfloat16: [N, V] keeps exponentials of the forward pass; [N, a multiple of
   *   `HEAD_BLOCK`] takes a part of the vocabulary at a time and computes its logits again, which is faster where the level
   *   multiplies with tile registers
   */
  headLosses(
    hidden: Float32Array,
    weight: WeightMatrix,
    bias: Float32Array | null,
    targets: Int32Array,
    losses: Float32Array,
    dHidden: Float32Array | null,
    workspace: KeptActivation | null,
    options?: PrecisionOptions,
  ): void;

  /** One step of AdamW over many tensors, in PyTorch's form (see `adamW`). */
  adamW(tensors: readonly AdamWTensor[], step: AdamWStep): void;
  /** One step of AdamW over moments in 8 bits (see the reference of that name). @param codes as `momentCodes` has them */
  adamW8bit(tensors: readonly AdamW8bitTensor[], step: AdamWStep, codes: MomentCodes): void;
  /** One step of Adafactor over many tensors (see the reference of that name). */
  adafactor(tensors: readonly AdafactorTensor[], step: AdafactorStep): void;
  /** Sum of the squares of all elements of all tensors. */
  sumOfSquares(tensors: readonly Float32Array[]): number;
  /** As the reference of that name, to rounding of the weights. @throws RangeError for logits that are no whole rows, and choices out of range */
  sampleRows(logits: Float32Array, choices: Float64Array, ids: Int32Array): void;
}
