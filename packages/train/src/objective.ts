import type { Phrase } from "@lathe/files";
import type { LayerPass } from "@lathe/model";
import type * as tf from "@tensorflow/tfjs-core";
import type { AddMeasure, Measures } from "./measures.js";
import type { StatePart } from "./state-part.js";

/** What there is in a batch to learn from. */
export interface BatchSize {
  /** What the batch adds to the number that a step's loss is divided by: scored labels, or pairs. */
  readonly units: number;
  /** Scored labels. */
  readonly labelTokens: number;
  /** All tokens, labelled or not. */
  readonly tokens: number;
}

/**
 * What a run makes small: the mean, over the units of a step, of a loss that is a sum over the units of a batch. How the units
 * of a step fall into micro-batches changes nothing but rounding.
 *
 * `Row` is what a source of rows gives, `Batch` whatever the objective makes of several.
 */
export interface Objective<Row, Batch> {
  /** What it is and its constants, as plain values: a checkpoint is only taken up under the same. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Says what makes a row useless; null where nothing does. */
  rowFault(row: Row): string | Phrase | null;
  /** All that a row is known by, for the hash of the rows. */
  rowBytes(row: Row): Iterable<Uint8Array>;
  /**
   * Makes the batches of a step, one a micro-batch. It sees the whole step, so that what is drawn from other rows or divided by
   * a number of the step does not depend on the micro-batches.
   * @param microBatches the rows of each micro-batch
   */
  batches(microBatches: readonly (readonly Row[])[]): readonly Batch[] | Promise<readonly Batch[]>;
  /** Counts what is in a batch. */
  size(batch: Batch): BatchSize;
  /**
   * Sum of the losses of a batch's units, recorded on the active tape; owned by the caller.
   * @param add receives what the batch adds to the sums of `measures`
   */
  loss(batch: Batch, add?: AddMeasure): tf.Scalar;
  /**
   * The pass whose end is {@link Objective.loss}, for a model whose layers are there one at a time; absent where the objective
   * has no such form.
   */
  pass?(batch: Batch): LayerPass<tf.Scalar>;
  /** What is reported beside the loss, if anything is. */
  readonly measures?: Measures;
  /** What run checkpoints keep of the objective, if it has a state. */
  readonly state?: StatePart;
}
