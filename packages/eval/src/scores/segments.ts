import { phrase } from "@lathe/files";
import { MetricOptionError, SegmentError } from "../errors.js";

/** What a prediction is compared with: one text, or several of which each is right. */
export type Reference = string | readonly string[];

/** Predictions and, for each of them, its references. */
export interface Segments {
  readonly predictions: readonly string[];
  /** `references[i]` belongs to `predictions[i]`; the number of references may differ between segments. */
  readonly references: readonly Reference[];
}

/** One prediction and its references. */
export interface Segment {
  readonly prediction: string;
  readonly references: Reference;
}

/**
 * Checks that there is something to score, that both lists are equally long and that every segment has a reference.
 *
 * @returns the references of each segment as a list
 * @throws SegmentError
 */
export function checkSegments({ predictions, references }: Segments): readonly (readonly string[])[] {
  const fail = (message: string, segment?: number): never => {
    throw new SegmentError(message, predictions.length, references.length, segment);
  };
  if (predictions.length !== references.length) {
    fail(
      `expected one prediction for each reference, got ${predictions.length} predictions and ${references.length} references`,
    );
  }
  if (predictions.length === 0) fail("expected at least one prediction and reference, got none");
  return references.map((reference, segment) => {
    const list = typeof reference === "string" ? [reference] : reference;
    if (typeof predictions[segment] !== "string") {
      fail(`prediction ${segment + 1}: expected a string, got ${typeof predictions[segment]}`, segment);
    }
    if (!Array.isArray(list) || list.length === 0 || list.some((text) => typeof text !== "string")) {
      fail(`references of segment ${segment + 1}: expected a string or a list of at least one`, segment);
    }
    return list;
  });
}

/** The number of references of each segment as signatures write it: a number, or "var" when it differs. */
export function referenceCount(references: readonly (readonly string[])[]): string {
  const first = references[0].length;
  return references.every((list) => list.length === first) ? String(first) : "var";
}

/** @throws MetricOptionError unless `value` is a whole number of at least `minimum` */
export function checkWholeNumber(option: string, value: number, minimum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw new MetricOptionError(option, phrase`a whole number of at least ${minimum}`, value);
  }
}

/** @throws MetricOptionError unless `value` is one of `choices` */
export function checkChoice(option: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw new MetricOptionError(option, phrase`one of ${choices.join(", ")}`, value);
}
