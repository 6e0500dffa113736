import { createHash } from "node:crypto";
import { isRecord } from "@lathe/files";

const NAME_DIGITS = 16;

/**
 * Rows of a file in the layout of SQuAD, which CMRC shares: for every question `{"input","output","title","id","answers","dialogue"}`, the
 * input being the paragraph and the question, the output the first answer. `dialogue` names the paragraph: questions on one are no
 * copies of each other however little of a row they are, and belong into one split. Null for any other value.
 *
 * P. Rajpurkar et al., "SQuAD: 100,000+ questions for machine comprehension of text", 2016.
 */
export function squadRows(value: unknown): Record<string, unknown>[] | null {
  if (!isRecord(value) || !Array.isArray(value.data)) return null;
  const articles = value.data.filter(isRecord);
  if (articles.length === 0 || !articles.every(({ paragraphs }) => Array.isArray(paragraphs))) return null;
  return articles.flatMap(({ title, paragraphs }) =>
    (paragraphs as unknown[]).filter(isRecord).flatMap((paragraph) => {
      const questions = Array.isArray(paragraph.qas) ? paragraph.qas.filter(isRecord) : [];
      return questions.map((asked) => rowOf(title, paragraph, asked));
    }),
  );
}

/** Rows of a paragraph as the files of CMRC 2018 that are not in SQuAD's layout list them, `{"context_text","qas":[{"query_text","answers"}]}`; null for any other value. */
export function paragraphRows(value: unknown): Record<string, unknown>[] | null {
  if (!isRecord(value) || typeof value.context_text !== "string" || !Array.isArray(value.qas)) return null;
  const { context_text: context, title, qas } = value;
  return (qas as unknown[]).filter(isRecord).map(({ query_text: question, query_id: id, ...asked }) => {
    return rowOf(title, { context }, { ...(id === undefined ? {} : { id }), question, ...asked });
  });
}

function rowOf(
  title: unknown,
  { context }: Record<string, unknown>,
  { question, answers, ...further }: Record<string, unknown>,
): Record<string, unknown> {
  const texts = (Array.isArray(answers) ? (answers as unknown[]) : [])
    .map((answer) => (isRecord(answer) ? answer.text : answer))
    .filter((text) => typeof text === "string");
  return {
    ...(typeof context === "string" ? { dialogue: nameOf(context) } : {}),
    ...further,
    ...(title === undefined ? {} : { title }),
    input: [context, question].filter((text) => typeof text === "string").join("\n"),
    // What a paragraph does not answer (SQuAD 2.0) is set aside as empty, which is no fault of the file.
    output: texts[0] ?? "",
    answers: texts,
  };
}

/** A paragraph's name: the same in every file that has it. */
const nameOf = (context: string): string =>
  createHash("sha256").update(context).digest("hex").slice(0, NAME_DIGITS);
