import { extname } from "node:path";
import { replaceFile } from "@lathe/files";
import type { StudyData } from "../study/study-data.js";
import { ANSWER_COLUMNS, answerRecords } from "./answer-record.js";
import { csvCell } from "./csv-cell.js";

/** Forms of a file of answers. */
export type AnswerForm = "csv" | "jsonl";

/** All answers as a text: CSV with a header and a line for each reply, or JSON lines. */
export function formatAnswers(data: StudyData, form: AnswerForm): string {
  const records = answerRecords(data);
  if (form === "jsonl") return records.map((record) => `${JSON.stringify(record)}\n`).join("");
  const lines = records.map((record) =>
    ANSWER_COLUMNS.map((column) => {
      const value = record[column];
      return csvCell(
        typeof value === "string" ? value : typeof value === "number" ? String(value) : value.join("; "),
      );
    }).join(","),
  );
  return [ANSWER_COLUMNS.join(","), ...lines, ""].join("\r\n");
}

/**
 * Writes all answers to a file, which is there whole or not at all: CSV where its name ends in `.csv`, else JSON lines.
 *
 * @throws FileError when it cannot be written
 */
export async function exportAnswers(data: StudyData, file: string): Promise<void> {
  await replaceFile(file, formatAnswers(data, extname(file).toLowerCase() === ".csv" ? "csv" : "jsonl"));
}
