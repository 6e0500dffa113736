import { readRecords, RowError, type RowPlace } from "@lathe/data";
import { isRecord, phrase } from "@lathe/files";
import { QUESTIONS, RATING_RANGE } from "../questions.js";
import type { GoldRange, GoldRatings, Responses } from "./study-row.js";

/**
 * Adds what is known beforehand: rows with the columns `id`, `system` and, for one question or both, the rating that a careful
 * annotator gives, as `4` or `4-5` (in JSON also `[4, 5]`). Annotators cannot tell these rows from others.
 *
 * @throws RowError with file and line where a row or system is not known, or a rating is none
 * @throws FileError when the file cannot be read
 */
export async function readGold(file: string, { systems, rows }: Responses): Promise<Responses> {
  const gold = new Map(rows.map((row) => [row.id, [...row.gold]]));
  for await (const record of readRecords(file)) {
    const place: RowPlace = { file: record.file, line: record.line };
    if ("error" in record) throw new RowError(null, record.error, place);
    if (!isRecord(record.value))
      throw new RowError(null, "expected an object with id, system and ratings", place);
    const { id, system } = record.value;
    const row = gold.get(String(id));
    if (row === undefined)
      throw new RowError("id", phrase`expected the id of a row, got ${String(id)}`, place);
    const index = systems.indexOf(String(system));
    if (index === -1) {
      throw new RowError(
        "system",
        phrase`expected one of ${systems.join(", ")}, got ${String(system)}`,
        place,
      );
    }
    row[index] = goldOf(record.value, place);
  }
  return { systems, rows: rows.map((row) => ({ ...row, gold: gold.get(row.id)! })) };
}

function goldOf(value: Readonly<Record<string, unknown>>, place: RowPlace): GoldRatings {
  const known = QUESTIONS.flatMap((question) => {
    const given = value[question];
    return given === undefined || given === null || given === ""
      ? []
      : [[question, rangeOf(given, question, place)] as const];
  });
  if (known.length === 0) {
    throw new RowError(null, phrase`expected a rating for ${QUESTIONS.join(", ")}, got none`, place);
  }
  return Object.fromEntries(known);
}

function rangeOf(value: unknown, question: string, place: RowPlace): GoldRange {
  const parts: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === "string"
      ? value.split("-").map((part) => (part.trim() === "" ? NaN : Number(part)))
      : [value];
  const [least, most] = RATING_RANGE;
  const numbers = parts.filter(
    (part): part is number => Number.isInteger(part) && Number(part) >= least && Number(part) <= most,
  );
  const [low, high = low] = numbers;
  if (numbers.length !== parts.length || numbers.length < 1 || numbers.length > 2 || low > high) {
    const problem = phrase`expected a rating from ${least} to ${most}, or two such as ${"4-5"}, got ${JSON.stringify(value)}`;
    throw new RowError(question, problem, place);
  }
  return [low, high];
}
