import {
  asPhrase,
  ExpectationError,
  InputError,
  type Phrase,
  phrase,
  sayPhrase,
  joinPhrases,
  SpokenError,
} from "@lathe/files";
import { type BadStep, badStepPhrase } from "./bad-step.js";
import { checkpointFaultPhrase, type PassedOverCheckpoint } from "./checkpoint-fault.js";

/** A setting of a run is impossible. */
export class TrainConfigError extends ExpectationError {
  override readonly name = "TrainConfigError";
  constructor(
    readonly key: string,
    expected: string | Phrase,
    readonly actual: unknown,
  ) {
    super(key, expected, asPhrase(String(actual)));
  }
}

/** A row cannot be trained or evaluated on. */
export class RowsError extends InputError {
  override readonly name = "RowsError";
  readonly reason: string;
  constructor(
    /** Which rows: those of training or of validation. */
    readonly key: "rows" | "validation",
    /** Number of the row, from 0. */
    readonly row: number,
    reason: string | Phrase,
  ) {
    const place = key === "rows" ? phrase`row ${row}` : phrase`validation row ${row}`;
    super(phrase`${place}: ${asPhrase(reason)}`);
    this.reason = sayPhrase(reason);
  }
}

/** A run folder is in the way, is damaged, or belongs to another run. */
export class RunFolderError extends InputError {
  override readonly name = "RunFolderError";
  constructor(
    readonly path: string,
    reason: string | Phrase,
    options?: ErrorOptions,
  ) {
    super(phrase`${path}: ${asPhrase(reason)}`, options);
  }
}

/** A run has checkpoints and none of them is as it was written. */
export class NoIntactCheckpointError extends InputError {
  override readonly name = "NoIntactCheckpointError";
  constructor(
    /** Folder of the run. */
    readonly path: string,
    /** All its checkpoints, the newest first, with what is wrong with each. */
    readonly passedOver: readonly PassedOverCheckpoint[],
  ) {
    const faults = passedOver.map(
      (checkpoint) => phrase`step ${checkpoint.step}: ${checkpointFaultPhrase(checkpoint)}`,
    );
    super(
      phrase`${path}: no checkpoint is intact (${joinPhrases(faults)}); put one back from a copy, or begin the run anew`,
    );
  }
}

/** Training cannot go on: losses or gradients are not finite, so many steps in a row. None of these steps was applied. */
export class DivergenceError extends SpokenError {
  override readonly name = "DivergenceError";
  constructor(
    /** The last of the steps. */
    readonly step: number,
    /** What was not finite in it, and where. */
    readonly bad: BadStep,
    readonly value: number,
    /** Steps in a row that were like it. */
    readonly inARow: number,
    remedy:
      | string
      | Phrase = "lower the learning rate, raise the warm-up steps, or look for broken rows in the data",
  ) {
    const what = badStepPhrase(bad, value);
    super([
      inARow === 1
        ? phrase`step ${step}: ${what}`
        : phrase`step ${step}: ${what}, and so in ${inARow} steps in a row`,
      "none of it was applied",
      remedy,
    ]);
  }
}
