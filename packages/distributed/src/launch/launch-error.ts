import { InputError, type Phrase } from "@lathe/files";

/** Why ranks are not launched. */
export type LaunchFault =
  /** A name of a host, its slots or the file of them is not as it should be. */
  | "hosts"
  /** A host does not answer. */
  | "unreachable"
  /** No launcher is found, or it is not the one that was asked for. */
  | "launcher"
  /** A number, an interface, a shell or a variable is not as it should be. */
  | "options";

/** Ranks are not launched, as one sentence that says what to do. */
export class LaunchError extends InputError {
  override readonly name = "LaunchError";

  /** @param sentence what is wrong and what to do about it */
  constructor(
    readonly fault: LaunchFault,
    sentence: Phrase,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}
