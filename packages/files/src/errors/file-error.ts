import { InputError } from "./input-error.js";
import { asPhrase, type Phrase, phrase, sayPhrase } from "./phrase.js";

/** A file or folder that cannot be read, written, made or replaced, as one sentence. */
export class FileError extends InputError {
  override readonly name = "FileError";
  /** What is wrong, as "no such file" or "cannot be written: no space is left on the device". */
  readonly reason: string;
  readonly #reason: Phrase;

  /** @param reason what is wrong */
  constructor(
    /** The file or folder at fault, as the caller named it. */
    readonly path: string,
    reason: string | Phrase,
    options?: ErrorOptions,
  ) {
    const phrased = asPhrase(reason);
    super(phrase`${path}: ${phrased}`, options);
    this.#reason = phrased;
    this.reason = sayPhrase(phrased);
  }

  /** What is wrong, for a sentence of another place. */
  get reasonPhrase(): Phrase {
    return this.#reason;
  }

  /** The same fault, of another path. */
  at(path: string): FileError {
    return new FileError(path, this.#reason, { cause: this });
  }
}
