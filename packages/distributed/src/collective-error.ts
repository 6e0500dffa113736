import { InputError, type Phrase } from "@lathe/files";

/** Why ranks do not come together. */
export type CollectiveFault =
  /** The package that calls the library is not installed. */
  | "package"
  /** No MPI library is found, or it cannot be loaded. */
  | "library"
  /** The library knows of other ranks than were launched: it is not of the launcher's make. */
  | "size"
  /** The library does not allow calls from several threads, one at a time. */
  | "threads"
  /** Arrays or numbers do not fit the call. */
  | "arguments"
  /** The library reports an error. */
  | "call"
  /** What others sent did not arrive in time, they did not come, or their launcher is gone. */
  | "stalled"
  /** A rank has ended all, or this one takes part no more. */
  | "closed";

/** Ranks do not come together, as one sentence that says what to do. */
export class CollectiveError extends InputError {
  override readonly name = "CollectiveError";

  /** @param sentence what is wrong and what to do about it */
  constructor(
    readonly fault: CollectiveFault,
    sentence: Phrase,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}
