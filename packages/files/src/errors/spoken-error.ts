import { asPhrase, onOneLine, type Phrase, sayPhrase } from "./phrase.js";

const mark: unique symbol = Symbol.for("@lathe/spoken-error") as never;

/**
 * An error whose message people read in their language. The mark is a registered symbol, so that {@link isSpokenError} knows the
 * errors of another copy of the package too.
 */
export class SpokenError extends Error {
  readonly [mark] = true;
  override readonly name: string = "SpokenError";
  readonly #phrases: readonly Phrase[];

  /**
   * @param sentences what is wrong, each without its full stop. What stands in their gaps may come from a file: control
   *   characters there become spaces, so that a message keeps the lines it is written in.
   */
  constructor(sentences: string | Phrase | readonly (string | Phrase)[], options?: ErrorOptions) {
    const list = typeof sentences === "string" || "template" in sentences ? [sentences] : sentences;
    const phrases = list.map((sentence) => onOneLine(asPhrase(sentence)));
    super(phrases.map((one) => sayPhrase(one)).join("; "), options);
    this.#phrases = phrases;
  }

  /** The sentences of the message as data, for whoever says them in another language. */
  phrases(): readonly Phrase[] {
    return this.#phrases;
  }
}

/** Whether an error's message can be said in another language: a {@link SpokenError}, also one of another copy of the package. */
export function isSpokenError(error: unknown): error is SpokenError {
  return error instanceof Error && (error as { [mark]?: unknown })[mark] === true;
}
