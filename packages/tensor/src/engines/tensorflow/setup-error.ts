import { asPhrase, InputError, type Phrase, phrase, sayPhrase } from "@lathe/files";

/** What a set-up of TensorFlow lacks. */
export type MissingPart =
  | "platform"
  | "package"
  | "compiler"
  | "library"
  | "version"
  | "headers"
  | "cuda libraries"
  | "driver"
  | "card"
  | "memory"
  | "products";

/** The engine on TensorFlow cannot be set up: what is missing and how to get it. */
export class TensorFlowSetupError extends InputError {
  override readonly name = "TensorFlowSetupError";
  /** What was found, in a clause. */
  readonly found: string;
  /** What to do about it. */
  readonly remedy: string;

  constructor(
    readonly missing: MissingPart,
    found: string | Phrase,
    remedy: string | Phrase,
    /** Output of the compiler or the loader, where there is some. */
    readonly details: string | null = null,
    options?: ErrorOptions,
  ) {
    const fault = phrase`${asPhrase(found)}; ${asPhrase(remedy)}`;
    const lines = details === null ? [] : details.split("\n");
    super(
      lines.reduce((above, line) => phrase`${above}\n${line}`, fault),
      options,
    );
    this.found = sayPhrase(found);
    this.remedy = sayPhrase(remedy);
  }
}
