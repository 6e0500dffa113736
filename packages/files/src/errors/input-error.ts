import { asPhrase, onOneLine, type Phrase, sayPhrase } from "./phrase.js";

const mark: unique symbol = Symbol.for("@lathe/input-error") as never;

/**
 * An error that the user's input caused: a file, a path, an option. All such errors of Lathe's packages extend it, and the
 * command line ends with exit code 2 for them. The mark is a registered symbol, so that {@link isInputError} knows the
 * errors of another copy of the package too.
 */
export class InputError extends Error {
  readonly [mark] = true;
  override readonly name: string = "InputError";
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

/** Whether an error was caused by the user's input: an {@link InputError}, also one of another copy of the package. */
export function isInputError(error: unknown): error is InputError {
  return error instanceof Error && (error as { [mark]?: unknown })[mark] === true;
}
