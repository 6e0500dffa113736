import type { Phrase } from "@lathe/files";
import type { WeightMatrix } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type { FusedHeadKernel, FusedKernel, GatedMlpKernel } from "./fused-kernels.js";
import type { Kernels } from "./kernel.js";
import type { KeyValueCaches } from "./key-value-cache.js";
import type { Routines } from "./routines.js";
import type { WeightMemory } from "./weight-memory.js";

/**
 * How much rounding is allowed. Sums, norms, the residual stream, losses and adapters are float32 in any case.
 *
 * - `fp32`: none.
 * - `bf16`: operands of products with weights where that is faster, and what a pullback needs of activations, to bfloat16.
 * - `int8`: as `bf16`, and in products with int8 weights rows of activations and of gradients to 8 bits (7 on processors
 *   without VNNI) but for columns with outliers (LLM.int8(), arXiv:2208.07339; SwitchBack, arXiv:2304.13013).
 * - `fp16`: operands and results of products with weights to half, whose range is small: training then scales the loss
 *   (arXiv:1710.03740, §3.2).
 */
export type Precision = "fp32" | "bf16" | "int8" | "fp16";

/** `"IO"`: weight [I, O]; `"OI"`: weight [O, I], as safetensors store it. */
export type WeightLayout = "IO" | "OI";

/** Memory of tensors. */
export interface TensorMemory {
  /** Tensors alive. */
  readonly tensors: number;
  /** Bytes of their values. An engine with accounting of its own counts values that tensors share once. */
  readonly bytes: number;
  /** Most that `bytes` was; without accounting of its own, the most that was seen here. */
  readonly peakBytes: number;
  /** Bytes that the engine holds for tensors, in use or not, where it tells. */
  readonly reservedBytes: number | null;
}

/** What an engine tells of its memory. */
export type MemoryAccount = () => Omit<TensorMemory, "tensors">;

/** Handles of an engine whose tensors lie on a device of its own. */
export interface DeviceHandles {
  /** Alive and neither constants nor kept: those of TensorFlow.js, and of computations under way. */
  readonly transient: number;
  /** Kept for others, e.g. packed weights. */
  readonly kept: number;
}

/** What an engine does in its own way. Whatever it leaves out is done in portable form, in plain TensorFlow.js. */
export interface EngineParts {
  /** Kernels of single operations. */
  readonly kernels: Kernels;
  /** Several linears of the same rows at once; null where operations are computed one by one. */
  readonly fusedLinears: FusedKernel | null;
  /** A gated MLP at once. */
  readonly gatedMlp: GatedMlpKernel | null;
  /** The output head with its loss. */
  readonly crossEntropyHead: FusedHeadKernel | null;
  /** Work over many tensors that is not differentiated. */
  readonly routines: Routines;
  /** Keys and values of past tokens. */
  readonly caches: KeyValueCaches;
  /** Memory that weights lie in outside the JavaScript heap; null where it has none. */
  readonly weightMemory: WeightMemory | null;
  /**
   * Packs weights in any float type into int8 with a scale a row, which is NaN for a row with a value that is not finite; null
   * where it has no kernel for that.
   */
  readonly packInt8: ((source: WeightMatrix, codes: Int8Array, scales: Float32Array) => void) | null;
  /** Account of its tensors. */
  readonly memory: MemoryAccount;
  /** The layout in which weights that stay should be given to it. */
  readonly weightLayout: WeightLayout;
  /**
   * By how much gradients of logits are raised on their way through the head: a power of two, so that raising and lowering
   * change no bit of a float32; 1 for none. The gradient of a loss by a logit is at most 1, and most of a vocabulary's are far
   * below the smallest number that half precision has.
   */
  readonly gradientHeadroom: number;
  /** Bytes that tensors may take on its own device; null where they are the host's. */
  readonly deviceBytes: number | null;
  /** Counts its handles; null where tensors have none. */
  readonly handles: (() => DeviceHandles) | null;
  /**
   * The values of a float32 tensor without a copy where they lie in the host's memory, else as `dataSync` gives them. Valid
   * until the tensor is disposed; only who owns the tensor may change them, and may not use the tensor afterwards.
   */
  readonly valuesInPlace: (tensor: tf.Tensor) => Float32Array;
  /** A tensor [O, I] as {@link EngineParts.fusedLinears} takes weights, in place; null where there is no such kernel. */
  readonly weightMatrix: ((tensor: tf.Tensor2D) => WeightMatrix) | null;
  /** Rows of a matrix in any type, in float32. @returns [N, I], owned by the caller */
  readonly gatherRows: (matrix: WeightMatrix, rows: Int32Array) => tf.Tensor2D;
  /** Tokens drawn from rows of logits, as the function of that name of @lathe/kernels has it. */
  readonly sampleRows: (logits: Float32Array, choices: Float64Array, ids: Int32Array) => void;
}

/** An engine that was started: how everything is computed. Handed to whoever computes. */
export interface Engine extends EngineParts {
  readonly name: string;
  /** One line for people: what it is and where it runs. */
  readonly description: string;
  /** The same as data, for whoever says it in another language. */
  readonly descriptionPhrase: Phrase;
  /** Precision of products. */
  readonly precision: Precision;
  /** Engines that `auto` would have preferred, each with the reason it was passed over. */
  readonly passedOver: readonly PassedOver[];
}

/** An engine that cannot run here, though it would have been preferred. */
export interface PassedOver {
  readonly name: string;
  readonly reason: string;
  /** The reason as data, for whoever says it in another language. */
  readonly phrase: Phrase;
}

/** An engine that can be started. */
export interface EngineDefinition {
  readonly name: string;
  /** One line for people: what it is and where it runs. */
  readonly description: string | Phrase;
  /** Precisions of products it offers, the default first. */
  readonly precisions: readonly Precision[];
  /** What `auto` takes over frozen weights of a packed format, where that is not the default: `{ int8: "int8" }`. */
  readonly precisionOver?: Readonly<Record<string, Precision>>;
  /** Whether `auto` tries it at all; without this it does. */
  readonly isAutomatic?: () => boolean;
  /** Null if the engine can run here, else the reason why not. Must not throw. */
  probe(): Promise<string | Phrase | null>;
  /**
   * Makes the engine's TensorFlow.js backend the current one.
   * @param precision of products, one of {@link EngineDefinition.precisions}
   * @returns what it does in its own way; the rest is done in portable form
   */
  start(precision: Precision): Promise<Partial<EngineParts>>;
}
