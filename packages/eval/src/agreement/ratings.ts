import { expectationPhrase, InputError, phrase } from "@lathe/files";

/** A label or a number that an annotator gave; null where there is none. */
export type Rating = number | string | null;

/** Ratings `[unit][annotator]`: what each annotator said of each unit. */
export type Ratings = readonly (readonly Rating[])[];

/** One rating as files hold it: who said what of which unit. */
export interface NamedRating {
  readonly unit: string;
  readonly annotator: string;
  readonly rating: Rating;
}

/** Ratings with the names of their rows and columns, in the order in which they first came. */
export interface RatingTable {
  readonly units: readonly string[];
  readonly annotators: readonly string[];
  readonly ratings: Ratings;
}

/** Ratings that cannot be taken as they are. */
export class RatingError extends InputError {
  override readonly name = "RatingError";

  constructor(
    /** The unit at fault. */
    readonly unit: string,
    /** The annotator at fault. */
    readonly annotator: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(expectationPhrase(phrase`unit "${unit}", annotator "${annotator}"`, expected, actual));
  }
}

/**
 * Lays ratings out as a table.
 *
 * @throws RatingError when an annotator rates a unit twice
 */
export function tabulateRatings(named: Iterable<NamedRating>): RatingTable {
  const annotators = new Map<string, number>();
  const rows = new Map<string, Map<number, Rating>>();
  for (const { unit, annotator, rating } of named) {
    let column = annotators.get(annotator);
    if (column === undefined) annotators.set(annotator, (column = annotators.size));
    let row = rows.get(unit);
    if (row === undefined) rows.set(unit, (row = new Map<number, Rating>()));
    if (row.has(column)) throw new RatingError(unit, annotator, "one rating", "a second");
    row.set(column, rating);
  }
  const names = [...annotators.keys()];
  return {
    units: [...rows.keys()],
    annotators: names,
    ratings: [...rows.values()].map((row) => names.map((_, column) => row.get(column) ?? null)),
  };
}
