import { InputError } from "./input-error.js";
import { asPhrase, expectationPhrase, type Phrase, sayPhrase } from "./phrase.js";

/** An error that says of a place what was expected there and what came. */
export class ExpectationError extends InputError {
  override readonly name: string = "ExpectationError";
  readonly expected: string;
  readonly #parts: readonly [expected: Phrase, actual: Phrase];

  /** @param remedy what to do about it, as the rest of the sentence */
  constructor(
    place: string | Phrase,
    expected: string | Phrase,
    actual: string | Phrase,
    remedy?: string | Phrase,
    options?: ErrorOptions,
  ) {
    super(expectationPhrase(place, expected, actual, remedy), options);
    this.expected = sayPhrase(expected);
    this.#parts = [asPhrase(expected), asPhrase(actual)];
  }

  /** What was expected, for a sentence of another place. */
  get expectedPhrase(): Phrase {
    return this.#parts[0];
  }

  /** What came, for a sentence of another place. */
  get actualPhrase(): Phrase {
    return this.#parts[1];
  }
}
