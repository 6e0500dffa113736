import type { LossTurns, OverlongPolicy, ReasoningPolicy } from "@lathe/data";
import type { Collective } from "@lathe/distributed";
import type { Checkpointing } from "@lathe/model";
import type { LoraConfig } from "@lathe/peft";
import type { LossSettings } from "@lathe/tensor";
import type { ReportLanguage } from "@lathe/report";
import type { KtoPairing, TrainConfig } from "@lathe/train";
import type { RunControl } from "./embed/run-control.js";
import type { EngineOptions, ModelInput } from "./model/open-model.js";
import type { RecipeHooks } from "./recipe-event.js";
import type { RowsInput } from "./rows/rows-input.js";
import type { MethodName } from "./training/training-method.js";
import type { ObjectiveName } from "./training/objective-name.js";
import type { ZeroStage } from "./training/zero-stage.js";

/** Which weights are trained, where they are trained themselves. */
export interface FullOptions {
  /** Beginnings of the names of tensors in safetensors, such as `model.layers.20.` and `lm_head`. @defaultValue all */
  readonly trainable?: readonly string[] | undefined;
  /**
   * Layers that are trained at a time, drawn at random (LISA, arXiv:2403.17919); embedding, head and last norm are trained always.
   * @defaultValue all of them
   */
  readonly lisaLayers?: number | undefined;
  /** Optimiser steps after which other layers are drawn. @defaultValue 20 */
  readonly lisaEvery?: number | undefined;
}

/** What `finetune` learns from what, and where it goes. */
export interface FinetuneOptions extends EngineOptions, RecipeHooks {
  /**
   * Model folder, or a model that is open: it then keeps what was trained, in place of adapters it had. Only `resume` does
   * without, and takes the run's own.
   */
  readonly model?: ModelInput | undefined;
  /** Rows to learn. Only `resume` does without, and takes the run's own file. */
  readonly data?: RowsInput | undefined;
  /** Rows to evaluate on. */
  readonly validation?: RowsInput | undefined;
  /**
   * Folder of the run: settings, metrics, checkpoints and, at the end, the adapter or the model. Without it nothing is written:
   * what was trained stays on a model that was handed in open, and is gone with any other.
   */
  readonly output?: string | undefined;
  /** Replaces an earlier run in `output`. @defaultValue false */
  readonly overwrite?: boolean | undefined;
  /** Continues the run in `output` after its newest intact checkpoint, with its own options. @defaultValue false */
  readonly resume?: boolean | undefined;
  /**
   * - `lora`: an adapter beside frozen weights, described by `lora`.
   * - `full`: the weights themselves, all of them or those of `full.trainable`.
   *
   * @defaultValue "lora"
   */
  readonly method?: MethodName | undefined;
  /**
   * What is made small: `sft`, the negative log-likelihood of labels; on pairs of completions `dpo`, `orpo` or `simpo`; on judged
   * completions `kto`. @defaultValue "sft"
   */
  readonly objective?: ObjectiveName | undefined;
  /** Strength of a preference objective. @defaultValue 0.1, and 2 for SimPO */
  readonly beta?: number | undefined;
  /** Margin that SimPO asks for. @defaultValue 0.5 */
  readonly simpoGamma?: number | undefined;
  /** Rows that KTO pairs for its estimate of the divergence. @defaultValue "step" */
  readonly ktoPairing?: KtoPairing | undefined;
  /** Which weights are trained with `method: "full"`. */
  readonly full?: FullOptions | undefined;
  /** Adapter folder to start from; what describes the adapter is then its own, but for `lora.dropout`. */
  readonly initAdapter?: string | undefined;
  /** What the adapter is made of; its seed is `train.seed`. @defaultValue `loraDefaults` of `@lathe/peft` */
  readonly lora?: Partial<Omit<LoraConfig, "seed">> | undefined;
  /** How the run learns. @defaultValue `trainDefaults` of `@lathe/train` */
  readonly train?: Partial<TrainConfig> | undefined;
  /** Factor on the rate of B, and of biases and norms, over that of A (LoRA+, arXiv:2402.12354). @defaultValue 1 */
  readonly loraPlusRatio?: number | undefined;
  /** Factor on the rate from a layer to the one below, above 0 up to 1, the embedding at the bottom. @defaultValue 1 */
  readonly layerRateDecay?: number | undefined;
  /** What is added to the negative log-likelihood in training. @defaultValue `lossDefaults` of `@lathe/train` */
  readonly loss?: Partial<LossSettings> | undefined;
  /** NEFTune's α (arXiv:2310.05914): noise on the embeddings in training, drawn from `train.seed`. @defaultValue 0 */
  readonly neftuneAlpha?: number | undefined;
  /**
   * Probability with which a number of the embeddings, and of what attention and MLP add to the residual stream, is dropped in
   * training: what keeps a model that is trained from its first weights on few rows from learning them by heart. @defaultValue 0
   */
  readonly residualDropout?: number | undefined;
  /**
   * Strength μ of the term μ/2 ‖θ − θ₀‖² that draws an adapter back to where the run began, so that owners of unlike rows do not drift
   * apart (FedProx, arXiv:1812.06127). @defaultValue 0
   */
  readonly proximal?: number | undefined;
  /** Longest row in tokens. @defaultValue what the model can read */
  readonly maxTokens?: number | undefined;
  /** What becomes of a longer row. @defaultValue "cut-right": its end is cut off */
  readonly overlong?: OverlongPolicy | undefined;
  /** Which replies of a dialogue are learnt. @defaultValue "all" */
  readonly lossOn?: LossTurns | undefined;
  /** What becomes of the reasoning of replies. @defaultValue "keep" */
  readonly reasoning?: ReasoningPolicy | undefined;
  /** Share of unusable rows, 0 to 1, beyond which nothing is trained. @defaultValue 0.05 */
  readonly rejectLimit?: number | undefined;
  /**
   * Layers that keep only their input during a step and are computed again: none, all (`"block"`), so many, or as few as
   * the memory asks for. @defaultValue "auto"
   */
  readonly checkpointing?: Checkpointing | "auto" | undefined;
  /**
   * Weights stay on disk: layers are read one after the other, once forwards and once backwards a step, and all its micro-batches pass a
   * layer before the next. The numbers are those of `checkpointing: "block"`, bit by bit. Frozen weights under an adapter and `sft`
   * alone. @defaultValue where memory does not hold the weights, and such a run is possible
   */
  readonly stream?: boolean | undefined;
  /** What the process may take in all, for `"auto"`: bytes, or a size such as `"8GB"`. @defaultValue what is free */
  readonly memory?: number | string | undefined;
  /**
   * What the process takes without weights and steps, for plans of memory: bytes, or `"measured"` where it does nothing but this run, for
   * what it takes once the rows are read and what a run adds. @defaultValue 140e6, a small program's
   */
  readonly processBytes?: number | "measured" | undefined;
  /**
   * Rows of `validation` whose prompts the model answers before the first step and after every evaluation, for the run's page.
   * @defaultValue 3
   */
  readonly samples?: number | undefined;
  /** Writes TensorBoard's event files into the run. @defaultValue false */
  readonly tensorboard?: boolean | undefined;
  /** Language of the run's page. @defaultValue "en" */
  readonly language?: ReportLanguage | undefined;
  /** Pauses the run, lets it go on and ends it, from outside of the loop that takes its steps. */
  readonly control?: RunControl | undefined;
  /**
   * The ranks that this process is one of, all of which call `finetune` with the same options. They share the micro-batches of a step,
   * whose number `train.gradientAccumulation` is that of all ranks together; the first one writes the run. @defaultValue this process
   * by itself
   */
  readonly collective?: Collective | undefined;
  /**
   * Whether gradients are added in an order that does not depend on the number of ranks: any number of them, one too, then comes to the
   * same bits. Takes the memory of the gradients of each micro-batch of a step. @defaultValue false
   */
  readonly deterministic?: boolean | undefined;
  /**
   * Whether ranks are dealt micro-batches by how fast each of them is; else all have their turn. Without `deterministic` the last bits of
   * losses follow the deal. @defaultValue true
   */
  readonly balanceRanks?: boolean | undefined;
  /**
   * With 2 the state of the optimiser is dealt to the ranks (ZeRO, arXiv:1910.02054): each has that of its part of what is trained, updates
   * it and sends it to the others. Checkpoints hold all of it, for any number of ranks. @defaultValue 0: each rank has all
   */
  readonly zeroStage?: ZeroStage | undefined;
  /**
   * Ranks of `collective` after one another, on one machine, that compute every layer together, each with a part of its heads and of the
   * width of its MLP (tensor parallelism, arXiv:1909.08053), and keep that part of the weights: for models larger than what one has memory
   * for. A divisor of the number of ranks; groups of so many share the micro-batches. The adapter and checkpoints are whole, for any
   * number of ranks. @defaultValue 1
   */
  readonly tensorParallel?: number | undefined;
  /** Settings of the caller's own, kept in the run's `config.json` beside those of the run. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}
