import { asPhrase, InputError, type Phrase, phrase, sayPhrase } from "@lathe/files";
import type { RowPlace } from "../read/row-place.js";

/** The shapes a row may have, as they are shown in messages. */
export const ROW_SHAPES: readonly string[] = [
  '{"input","output"}',
  '{"instruction","output"}',
  '{"prompt","completion"}',
  '{"messages":[{"role","content"}]}',
  '{"conversations":[{"from","value"}]}',
  '{"question","answer"}',
  '{"prompt","chosen","rejected"}',
  '{"text"}',
  '{"input_ids","labels"}',
];

/** A row that is valid JSON but not a row Lathe can use. */
export class RowError extends InputError {
  override readonly name: string = "RowError";
  /** What is wrong, without the place. */
  readonly reason: string;
  readonly #phrases: { readonly problem: Phrase; readonly reason: Phrase };

  /**
   * @param key the key at fault, e.g. "messages[2].role"; null when the row as a whole has no known shape
   * @param problem what was expected and what came
   * @param place where the row came from, when that is known
   */
  constructor(
    readonly key: string | null,
    problem: string | Phrase,
    readonly place?: RowPlace,
    options?: ErrorOptions,
  ) {
    const reason = key === null ? asPhrase(problem) : phrase`key "${key}": ${asPhrase(problem)}`;
    super(place === undefined ? reason : phrase`${place.file}:${place.line}: ${reason}`, options);
    this.reason = sayPhrase(reason);
    this.#phrases = { problem: asPhrase(problem), reason };
  }

  /** What is wrong, without the key and the place, for a sentence of another place. */
  get problemPhrase(): Phrase {
    return this.#phrases.problem;
  }

  /** {@link reason} as data. */
  get reasonPhrase(): Phrase {
    return this.#phrases.reason;
  }
}
