import type { LanguageModel } from "@lathe/model";
import type { ModelSize } from "../shared/model-sizes.js";
import type { BaseFormat } from "../shared/random-weights.js";
import type { StepProfile } from "./step-profile.js";

/** A row as jobs carry it: plain lists, so that every contestant can read it. */
export interface JobRow {
  readonly inputIds: readonly number[];
  /** −100 where nothing is scored. */
  readonly labels: readonly number[];
}

/** Training steps that every contestant takes alike. */
export interface TrainJob {
  readonly size: ModelSize;
  /** Linears to adapt, by name. */
  readonly targets: readonly string[];
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  /** Rows of the steps, step by step; after the last it starts over. All batches have as many rows. */
  readonly batches: readonly (readonly JobRow[])[];
  /** Steps before the clock counts. */
  readonly warmUp: number;
  /** Steps that are measured. */
  readonly repeats: number;
}

/** The job of Lathe's own process. */
export interface LatheTrainJob extends TrainJob {
  readonly engine: string;
  readonly base: BaseFormat;
  /** Precision of products, or `auto`. */
  readonly precision: string;
  /** `none`, `block`, a number of layers, or `auto` for what fits the memory. */
  readonly checkpointing: string;
  /** Bytes that the process may take, for `auto`; null for what is free. */
  readonly memory: number | null;
  /** Microseconds between samples of what threads are doing; no samples if left out. */
  readonly sampleEvery?: number;
  /** Rows of a micro-batch, which divide those of a step; else a step is one. */
  readonly microBatch?: number;
}

/** One measured step. */
export interface MeasuredStep {
  readonly seconds: number;
  /** Tokens of the rows, without padding. */
  readonly tokens: number;
}

/** What a contestant did. */
export interface TrainOutcome {
  /** The measured steps, in order. */
  readonly steps: readonly MeasuredStep[];
  /** Mean loss a label of the first step, warm-up included, in nats. */
  readonly firstLoss: number;
  readonly lastLoss: number;
  readonly trainableParameters: number;
  /** Largest resident size of the process. */
  readonly peakResidentBytes: number;
}

/** What Lathe's process did. */
export interface LatheTrainOutcome extends TrainOutcome {
  readonly engine: string;
  readonly engineDescription: string;
  readonly precision: string;
  /** Of the measured steps, where samples were asked for and the engine has them. */
  readonly profile: StepProfile | null;
  /** The policy that was in force. */
  readonly checkpointing: LanguageModel["checkpointing"];
  /** Largest size of all tensors at any moment. */
  readonly peakTensorBytes: number;
  /** Resident size before the first step: the model and the runtime. */
  readonly modelResidentBytes: number;
}
