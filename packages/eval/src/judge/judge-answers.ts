import type { FileHandle } from "node:fs/promises";
import { FileError, isRecord, openAppended, readAppended } from "@lathe/files";
import type { JudgeReply } from "./judge-endpoint.js";

/** What was asked of which row. */
export interface JudgeQuestion {
  readonly task: "score" | "pair";
  /** From 0. */
  readonly row: number;
  /** Name of the system whose reply is judged, of a pair the second. */
  readonly system: string;
  /** Of a pair whether the first system's reply stands first. */
  readonly order: "AB" | "BA" | null;
}

/**
 * The answers of a judge, a line each, written before they count: who goes on asks for the others alone. What is held of an
 * answer that was there is its text's end and its numbers.
 */
export class JudgeAnswers {
  readonly #handle: FileHandle;
  readonly #answers: ReadonlyMap<string, JudgeReply>;

  private constructor(handle: FileHandle, answers: ReadonlyMap<string, JudgeReply>) {
    this.#handle = handle;
    this.#answers = answers;
  }

  /**
   * Opens a file of answers, with those that an earlier process left; a line that was cut short is taken off.
   * @param shorten what is kept of an answer's text
   * @throws FileError where the file holds something else
   */
  static async open(path: string, shorten: (answer: string) => string): Promise<JudgeAnswers> {
    const handle = await openAppended(path);
    try {
      const answers = new Map<string, JudgeReply>();
      for await (const { value } of readAppended(path)) {
        const { key, answer, promptTokens, completionTokens } = answerOf(value, path);
        if (answers.has(key)) continue;
        answers.set(key, { text: shorten(answer), promptTokens, completionTokens });
      }
      return new JudgeAnswers(handle, answers);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The answer to what a key stands for; undefined where it is not there. */
  get(key: string): JudgeReply | undefined {
    return this.#answers.get(key);
  }

  /** Writes an answer. */
  async append(key: string, question: JudgeQuestion, { text: answer, ...tokens }: JudgeReply): Promise<void> {
    await this.#handle.appendFile(`${JSON.stringify({ key, ...question, answer, ...tokens })}\n`);
  }

  /** Gives the file back. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}

interface StoredAnswer {
  readonly key: string;
  readonly answer: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

function answerOf(value: unknown, path: string): StoredAnswer {
  const isAnswer =
    isRecord(value) &&
    ["key", "answer"].every((field) => typeof value[field] === "string") &&
    ["promptTokens", "completionTokens"].every((field) => Number.isSafeInteger(value[field]));
  if (isAnswer) return value as unknown as StoredAnswer;
  throw new FileError(path, "holds lines that are no answers of a judge");
}
