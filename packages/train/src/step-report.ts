import type { BadStep } from "./bad-step.js";
import type { LossSpike } from "./loss-spikes.js";
import type { LossStall } from "./loss-stall.js";
import type { StepMeasures } from "./measures.js";
import type { PlacedRows } from "./placed-rows.js";
import type { ValidationReport } from "./validation-report.js";

/** What one optimiser step did. */
export interface StepReport extends StepMeasures, Partial<ValidationReport> {
  /** From 1. */
  readonly step: number;
  readonly totalSteps: number;
  /** Passes over the rows begun before this step, from 0. */
  readonly epoch: number;
  /** Mean over all units of the step; in nats a label under the supervised objective. */
  readonly loss: number;
  /** Global norm before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  /** Labels scored in the step. */
  readonly labelTokens: number;
  /** All tokens processed, labelled or not. */
  readonly tokens: number;
  /** `tokens` by the wall time of the step. */
  readonly tokensPerSecond: number;
  /** Wall time of the step. */
  readonly seconds: number;
  /** Bytes of tensors alive after the step. */
  readonly tensorBytes: number;
  /** Most bytes of tensors that were alive so far; see `tensorMemory` for engines without accounting of their own. */
  readonly peakTensorBytes: number;
  /** Resident memory of the process. */
  readonly residentBytes: number;
  /** Largest resident memory of the process so far. */
  readonly peakResidentBytes: number;
  /** Factor on the loss of this step, where it is scaled. */
  readonly lossScale?: number;
  /** Present where the step was not applied: a gradient overflowed or something was not finite. Parameters and moments stayed. */
  readonly skipped?: true;
  /** What was not finite, and where, unless a smaller loss scale can mend it; `loss` or `gradNorm` are not finite then. */
  readonly bad?: BadStep;
  /** Present where the loss leaps up over those before it: by how much, and the step's rows that this process computed. */
  readonly spike?: LossSpike & PlacedRows;
  /** Present where the loss was found not to have fallen since the run began; null where it then has, after all. */
  readonly stalled?: LossStall | null;
  /** Folder of the checkpoint, where this step ended with one. */
  readonly checkpoint?: string;
}

/** How a run, or this part of it, ended. */
export interface TrainEnd {
  /** Whether all steps are done and all evaluations that were due; false after an interrupt. */
  readonly completed: boolean;
  /** Present where it ended before its last step because the validation loss fell no more; it is complete then. */
  readonly stoppedEarly?: true;
  /** The last complete step, those before a resumption included; 0 for none. */
  readonly step: number;
}
