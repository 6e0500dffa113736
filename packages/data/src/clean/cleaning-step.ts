import type { RowPlace } from "../read/row-place.js";
import { mapRowTexts, type TextSpeaker } from "../rows/row-texts.js";
import type { Row } from "../rows/row.js";

/** What a step says of a row that is not to be kept. */
export interface Rejection {
  /** Why, as a short sentence without a full stop. */
  readonly reject: string;
}

/** A step as a plain function: the row as it is to be (the very same one where nothing changes), or why it is rejected. */
export type StepFunction = (row: Row, place: RowPlace) => Row | Rejection;

/** A step of cleaning. */
export interface CleaningStep {
  /** Counts, examples and rejected rows are listed under it. */
  readonly name: string;
  readonly apply: StepFunction;
  /**
   * Whether the step only changes texts and may see a row several times. Such steps, where they follow one another, are repeated
   * until none of them changes the row any more.
   */
  readonly repeats: boolean;
  /** Whether the step changes no row, but only keeps or rejects it. @defaultValue false */
  readonly checks?: boolean;
  /** Hears of every row, as the steps before it leave it, before the first one is cleaned; see `RowCleaner.survey`. */
  readonly survey?: (row: Row) => void;
}

/** A step that changes texts one at a time. */
export function textStep(
  name: string,
  change: (text: string, speaker: TextSpeaker) => string,
  except: readonly Row["kind"][] = [],
): CleaningStep {
  return {
    name,
    repeats: true,
    apply: (row) => (except.includes(row.kind) ? row : mapRowTexts(row, change)),
  };
}

/** A step that keeps or rejects rows. */
export function checkStep(name: string, check: (row: Row) => string | undefined): CleaningStep {
  return {
    name,
    repeats: false,
    checks: true,
    apply(row) {
      const reject = check(row);
      return reject === undefined ? row : { reject };
    },
  };
}
