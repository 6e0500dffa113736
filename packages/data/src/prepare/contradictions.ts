import { GrowingArray } from "../spill/growing-array.js";
import type { RowPlace } from "../read/row-place.js";
import { conversationOf } from "../rows/conversation-of.js";
import { digest128, DigestIndex } from "../rows/digest-index.js";
import type { Row } from "../rows/row.js";

/** One question with several answers among the kept rows. */
export interface Contradiction {
  readonly question: string;
  /** The first row of each answer. */
  readonly answers: readonly (RowPlace & { readonly answer: string })[];
}

/** Questions that were answered in several ways. */
export interface ContradictionReport {
  /** All of them. */
  readonly questions: number;
  /** Rows with one of these questions. */
  readonly rows: number;
  /** Some of them. */
  readonly examples: readonly Contradiction[];
}

const SHOWN_QUESTIONS = 20;
const SHOWN_ANSWERS = 5;
const SHOWN_CHARACTERS = 200;

/** What is asked, in full, and what is answered to it: the last reply and all before it. Null where nothing is asked. */
export function askedAndAnswered(
  row: Row,
): { readonly asked: readonly string[]; readonly answer: string } | null {
  if (row.kind === "completion") return { asked: [row.prompt], answer: row.completion };
  const conversation = conversationOf(row);
  if (conversation === null) return null;
  const { messages, tools } = conversation;
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  const before = messages.slice(0, last);
  if (before.length === 0) return null;
  const { content, tool_calls } = messages[last];
  const asked = before.flatMap((message) => [
    message.role,
    message.content ?? "",
    callsOf(message.tool_calls),
  ]);
  return {
    asked: tools === undefined ? asked : [...asked, JSON.stringify(tools)],
    answer: (content ?? "") + callsOf(tool_calls),
  };
}

const callsOf = (calls: unknown): string => (calls == null ? "" : JSON.stringify(calls));

/** A row as {@link Contradictions} knows it. */
export interface DigestedQuestion {
  /** Of all that is asked. */
  readonly asked: Uint32Array;
  /** 32 bits of the digest of what is answered. */
  readonly answer: number;
}

/** What is asked and answered in a row, in digests; null where nothing is asked. */
export function questionOf(row: Row): DigestedQuestion | null {
  const found = askedAndAnswered(row);
  return found && { asked: digest128(...found.asked), answer: digest128(found.answer)[0] | 0 };
}

/** Finds rows that answer one question in different ways, by digests: memory holds some bytes a row. */
export class Contradictions {
  readonly #questions = new DigestIndex();
  readonly #questionOf = new GrowingArray((length) => new Int32Array(length));
  readonly #answerOf = new GrowingArray((length) => new Int32Array(length));

  /** Takes the next row; null where nothing is asked. */
  add(question: DigestedQuestion | null): void {
    this.#questionOf.push(question === null ? -1 : this.#questions.add(question.asked));
    this.#answerOf.push(question === null ? 0 : question.answer);
  }

  /**
   * Rows of the first answers to each question that has several, question by question.
   * @param isLeftOut whether a row is set aside
   */
  find(isLeftOut: (row: number) => boolean): {
    readonly questions: number;
    readonly rows: number;
    readonly shown: readonly (readonly number[])[];
  } {
    const first = new Int32Array(this.#questions.size).fill(-1);
    const isAnsweredTwice = new Uint8Array(this.#questions.size);
    const { values: questionOf, size: length } = this.#questionOf;
    const answerOf = this.#answerOf.values;
    for (let row = 0; row < length; row++) {
      const question = questionOf[row];
      if (question === -1 || isLeftOut(row)) continue;
      if (first[question] === -1) first[question] = row;
      else if (answerOf[row] !== answerOf[first[question]]) isAnsweredTwice[question] = 1;
    }
    const shown = new Map<number, number[]>();
    let rows = 0;
    for (let row = 0; row < length; row++) {
      const question = questionOf[row];
      if (question === -1 || isAnsweredTwice[question] === 0 || isLeftOut(row)) continue;
      rows += 1;
      const some = shown.get(question) ?? [];
      if (!shown.has(question)) {
        if (shown.size === SHOWN_QUESTIONS) continue;
        shown.set(question, some);
      }
      if (some.length < SHOWN_ANSWERS && !some.some((other) => answerOf[other] === answerOf[row]))
        some.push(row);
    }
    const questions = isAnsweredTwice.reduce((sum, flag) => sum + flag, 0);
    return { questions, rows, shown: [...shown.values()] };
  }
}

/** A contradiction for people, of the rows that give its answers. */
export function contradictionOf(
  rows: readonly { readonly row: Row; readonly place: RowPlace }[],
): Contradiction {
  const found = rows.map(({ row, place }) => ({ place, ...askedAndAnswered(row)! }));
  return {
    question: shown(found[0].asked.filter((text) => text !== "").at(-1) ?? ""),
    answers: found.map(({ place, answer }) => ({ ...place, answer: shown(answer) })),
  };
}

const shown = (text: string): string =>
  text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
