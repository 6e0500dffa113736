import { createHash } from "node:crypto";
import { readRecords, RowError, type RowPlace } from "@lathe/data";
import { type ExpectationError, isRecord, phrase } from "@lathe/files";
import { type AnswerContent, pairsOf, type Preference, type Submission } from "../answers/answer.js";
import { reorderContent } from "../answers/reorder-content.js";
import { AnswerError } from "../answers/answer-error.js";
import { checkSubmission } from "../answers/check-submission.js";
import type { TaskKind } from "../assign/plan-tasks.js";
import { QUESTIONS } from "../questions.js";
import type { Study } from "../study/study.js";
import { textOfCell } from "./csv-cell.js";

/** What became of the answers of a file. */
export interface ImportedAnswers {
  readonly stored: number;
  /** That were there already. */
  readonly known: number;
  /** That differ from an answer of the same annotator to the same row, which stays. */
  readonly conflicts: number;
}

interface ReadRecord {
  readonly value: Readonly<Record<string, unknown>>;
  readonly place: RowPlace;
}

const KINDS: readonly TaskKind[] = ["row", "repeat", "adjudication"];

/**
 * Adds answers of a file as `exportAnswers` writes them, CSV or JSON lines; needed are `id`, `annotator`, `system`, `fluency`
 * and `relevance`, and, of several systems, `preferredTo` or `tiedWith`. Annotators that the study does not have are added.
 * The same file twice adds nothing.
 *
 * @throws RowError with file and line where a line cannot be used; nothing of the file is added then
 * @throws FileError when the file cannot be read
 */
export async function importAnswers(study: Study, file: string): Promise<ImportedAnswers> {
  const { systems, rows } = study.data();
  const rowIndex = new Map(rows.map(({ id }, index) => [id, index]));
  const groups = new Map<string, ReadRecord[]>();
  for await (const record of readRecords(file)) {
    const place: RowPlace = { file: record.file, line: record.line };
    if ("error" in record) throw new RowError(null, record.error, place);
    if (!isRecord(record.value))
      throw new RowError(null, "expected an object with the columns of an answer", place);
    const { value } = record;
    const key = JSON.stringify(["id", "annotator", "kind"].map((column) => textOf(value, column, place)));
    groups.set(key, [...(groups.get(key) ?? []), { value, place }]);
  }
  const answers = [...groups.values()].map((records) => readAnswer(records, systems, rowIndex));
  const receipts = await Promise.all(answers.map((answer) => addAnswer(study, answer)));
  const count = (outcome: string): number => receipts.filter((receipt) => receipt.outcome === outcome).length;
  return { stored: count("stored"), known: count("known"), conflicts: count("conflict") };
}

interface ReadAnswer {
  readonly annotator: string;
  readonly row: number;
  readonly kind: TaskKind;
  /** In the order of the systems. */
  readonly content: AnswerContent;
  readonly seconds: number;
}

function readAnswer(
  records: readonly ReadRecord[],
  systems: readonly string[],
  rowIndex: ReadonlyMap<string, number>,
): ReadAnswer {
  const [{ value, place }] = records;
  const id = textOf(value, "id", place);
  const row = rowIndex.get(id);
  if (row === undefined) throw new RowError("id", phrase`expected the id of a row, got ${id}`, place);
  const kind = KINDS.find((one) => one === (textOf(value, "kind", place) || "row"));
  if (kind === undefined) {
    throw new RowError(
      "kind",
      phrase`expected one of ${KINDS.join(", ")}, got ${textOf(value, "kind", place)}`,
      place,
    );
  }
  const annotator = textOf(value, "annotator", place);
  if (
    annotator === "" ||
    /\p{Cc}/u.test(annotator) ||
    (annotator === "adjudicator") !== (kind === "adjudication")
  ) {
    throw new RowError(
      "annotator",
      phrase`expected the name of an annotator, got ${JSON.stringify(annotator)}`,
      place,
    );
  }
  const bySystem = systems.map((system) => {
    const own = records.filter((record) => textOf(record.value, "system", record.place) === system);
    if (own.length !== 1) {
      const problem = phrase`expected one line with the system ${system} for the row ${id} of ${annotator}, got ${own.length}`;
      throw new RowError("system", problem, own[1]?.place ?? place);
    }
    return own[0];
  });
  if (records.length !== systems.length) {
    const other = records.find((record) => !systems.includes(textOf(record.value, "system", record.place)))!;
    const problem = phrase`expected one of ${systems.join(", ")}, got ${textOf(other.value, "system", other.place)}`;
    throw new RowError("system", problem, other.place);
  }
  const content = {
    ratings: bySystem.map((record) =>
      Object.fromEntries(QUESTIONS.map((question) => [question, ratingOf(record, question)])),
    ),
    preferences: pairsOf(systems.length).map(([a, b]) =>
      preferenceOf(bySystem[a], bySystem[b], systems[a], systems[b]),
    ),
    comment: textOf(value, "comment", place),
    flags: listOf(value, "flags", place),
  };
  const seconds = Number(value["seconds"] ?? 0);
  try {
    const checked = checkSubmission({ client: "import:checked", position: 0, revision: 0, content, seconds });
    return { annotator, row, kind, content: checked.content, seconds: checked.seconds };
  } catch (cause) {
    if (!(cause instanceof AnswerError)) throw cause;
    const { field, expectedPhrase, actualPhrase }: AnswerError & ExpectationError = cause;
    throw new RowError(field, phrase`expected ${expectedPhrase}, got ${actualPhrase}`, place, { cause });
  }
}

async function addAnswer(
  study: Study,
  { annotator, row, kind, content, seconds }: ReadAnswer,
): Promise<{ readonly outcome: string }> {
  const member = study.annotatorNamed(annotator);
  const identity = study.settings.systems.map((_, system) => system);
  const position = study.positionOf(member, row, kind, identity);
  const shown = reorderContent(content, identity, study.systemsAt(member, position)!);
  const client = `import:${createHash("sha256")
    .update(JSON.stringify([annotator, row, kind, content]))
    .digest("hex")}`;
  const submission: Submission = { client, position, revision: 0, content: shown, seconds };
  return study.submit(member, submission);
}

function ratingOf({ value, place }: ReadRecord, question: string): number {
  const given = value[question];
  const rating = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  if (typeof rating !== "number" || Number.isNaN(rating)) {
    throw new RowError(question, phrase`expected a rating, got ${JSON.stringify(given ?? null)}`, place);
  }
  return rating;
}

function preferenceOf(
  first: ReadRecord,
  second: ReadRecord,
  firstName: string,
  secondName: string,
): Preference {
  const says = ({ value, place }: ReadRecord, column: string, name: string): boolean =>
    listOf(value, column, place).includes(name);
  const outcomes: Preference[] = [
    ...(says(first, "preferredTo", secondName) ? [-1 as const] : []),
    ...(says(first, "tiedWith", secondName) || says(second, "tiedWith", firstName) ? [0 as const] : []),
    ...(says(second, "preferredTo", firstName) ? [1 as const] : []),
  ];
  if (outcomes.length !== 1) {
    const problem = phrase`expected ${firstName} or ${secondName} to be preferred to the other, or both tied, got ${outcomes.length} of these`;
    throw new RowError("preferredTo", problem, second.place);
  }
  return outcomes[0];
}

function textOf(row: Readonly<Record<string, unknown>>, column: string, place: RowPlace): string {
  const value = row[column];
  if (value === undefined || value === null) {
    if (column === "kind" || column === "comment") return "";
    throw new RowError(column, phrase`expected a text, got a row with ${Object.keys(row).join(", ")}`, place);
  }
  if (typeof value !== "string" && typeof value !== "number") {
    throw new RowError(column, phrase`expected a text, got ${JSON.stringify(value)}`, place);
  }
  return place.file.toLowerCase().endsWith(".csv") ? textOfCell(String(value)) : String(value);
}

function listOf(row: Readonly<Record<string, unknown>>, column: string, place: RowPlace): string[] {
  const value = row[column];
  if (Array.isArray(value)) return value.map(String);
  if (value === undefined || value === null) return [];
  return textOf(row, column, place)
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
