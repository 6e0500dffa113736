import { readRecords, RowError, type RowPlace } from "@lathe/data";
import {
  type Agreement,
  agreementOf,
  type NamedRating,
  type RatingLevel,
  type RatingTable,
  tabulateRatings,
} from "@lathe/eval";
import { isRecord, phrase } from "@lathe/files";
import { expectation, RecipeError } from "./recipe-error.js";

/** What {@link measureAgreement} reads. */
export interface MeasureAgreementOptions {
  /** File of ratings, one a row, with the columns `unit`, `annotator` and `rating`: CSV, TSV, JSON lines or Parquet. */
  readonly ratings: string;
  /** What is known of the ratings; of ordinal and interval ones it is numbers. @defaultValue "ordinal" */
  readonly level?: RatingLevel | undefined;
}

/** How far the annotators of a file agree. */
export interface MeasuredAgreement extends Agreement, RatingTable {
  readonly level: RatingLevel;
}

/**
 * Measures how far annotators agree.
 *
 * @throws RowError with file and line where a rating cannot be read, or an annotator rates a unit twice
 * @throws FileError when the file cannot be read; RecipeError where it has no rating
 */
export async function measureAgreement({
  ratings: file,
  level = "ordinal",
}: MeasureAgreementOptions): Promise<MeasuredAgreement> {
  const named: NamedRating[] = [];
  const lines = new Map<string, number>();
  for await (const record of readRecords(file)) {
    const place: RowPlace = { file: record.file, line: record.line };
    if ("error" in record) throw new RowError(null, record.error, place);
    const rating = ratingOf(record.value, level, place);
    const key = JSON.stringify([rating.unit, rating.annotator]);
    const before = lines.get(key);
    if (before !== undefined) {
      const problem = phrase`expected one rating of unit ${rating.unit} by ${rating.annotator}, got a second; the first is in line ${before}`;
      throw new RowError("rating", problem, place);
    }
    lines.set(key, place.line);
    named.push(rating);
  }
  if (named.length === 0) throw new RecipeError([expectation("ratings", "at least one rating", "none")]);
  const table = tabulateRatings(named);
  return { level, ...table, ...agreementOf(table, level) };
}

/** An empty rating is a missing one. */
function ratingOf(value: unknown, level: RatingLevel, place: RowPlace): NamedRating {
  if (!isRecord(value)) throw new RowError(null, "expected the columns unit, annotator and rating", place);
  const textOf = (column: string): string => {
    const cell = Object.hasOwn(value, column) ? value[column] : undefined;
    if (typeof cell !== "string" && typeof cell !== "number") {
      const names = Object.keys(value).slice(0, 10).join(", ");
      throw new RowError(column, phrase`expected a text or a number, got a row with ${names}`, place);
    }
    return String(cell).trim();
  };
  const rating = Object.hasOwn(value, "rating") && value["rating"] === null ? "" : textOf("rating");
  const nameOf = (column: string): string => {
    const name = textOf(column);
    if (name === "") throw new RowError(column, "expected a name, got an empty cell", place);
    return name;
  };
  const named = { unit: nameOf("unit"), annotator: nameOf("annotator") };
  if (rating === "") return { ...named, rating: null };
  if (level === "nominal") return { ...named, rating };
  const number = Number(rating);
  if (!Number.isFinite(number)) {
    throw new RowError(
      "rating",
      phrase`expected a number at the ${level} level, got ${JSON.stringify(rating)}`,
      place,
    );
  }
  return { ...named, rating: number };
}
