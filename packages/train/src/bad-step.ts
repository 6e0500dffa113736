import { joinPhrases, type Phrase, phrase } from "@lathe/files";
import { listPhrase } from "./list-phrase.js";
import { type NonFiniteOrigin, originPhrase } from "./non-finite-origin.js";
import { type PlacedRows, placedRowsPhrase } from "./placed-rows.js";

/** Why a step was not applied: its loss or a gradient was not finite. */
export interface BadStep extends PlacedRows {
  /** What was not finite. */
  readonly quantity: "loss" | "gradient norm";
  /**
   * Numbers of rows, from 0, that this process computed: those whose loss is not finite when they are computed alone, or all of
   * the step where none is, or where a gradient is at fault.
   */
  readonly rows: readonly number[];
  /** Names of parameters: those with a value that is not finite or, where a gradient is at fault, with such a gradient. */
  readonly tensors: readonly string[];
  /**
   * Where it begins, frozen weights included, in the rows of this process. Left out where nobody looked for it, where parameters say it
   * all, and where a gradient is at fault although all stored weights are finite.
   */
  readonly origin?: NonFiniteOrigin;
}

/** Says what was not finite and where, for messages. */
export function badStepPhrase(bad: BadStep, value: number): Phrase {
  const where = [
    ...(bad.rows.length === 0 ? [] : [placedRowsPhrase(bad)]),
    ...(bad.tensors.length === 0 ? [] : [phrase`tensors ${listPhrase(bad.tensors)}`]),
    ...(bad.origin ? [originPhrase(bad.origin)] : []),
  ];
  const what = bad.quantity === "loss" ? phrase`the loss is ${value}` : phrase`the gradient norm is ${value}`;
  return where.length === 0 ? what : phrase`${what} (${joinPhrases(where)})`;
}

/** Counts steps in a row that were not applied because something was not finite. */
export class BadSteps {
  #inARow = 0;

  /** Steps in a row up to now. */
  get inARow(): number {
    return this.#inARow;
  }

  /**
   * Takes note of a step. One that overflowed under a loss scale, which is smaller from then on, is neither good nor bad.
   * @param report of the step, or its line of `metrics.jsonl`
   */
  note(report: { readonly bad?: unknown; readonly skipped?: unknown }): void {
    if (report.bad !== undefined) this.#inARow++;
    else if (report.skipped === undefined) this.#inARow = 0;
  }
}
