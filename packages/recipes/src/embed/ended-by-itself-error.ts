import { type Phrase, phrase, SpokenError } from "@lathe/files";

/** A process or a thread of ours ended although nothing had asked it to. */
export class EndedByItselfError extends SpokenError {
  override readonly name = "EndedByItselfError";
  constructor(
    /** What it was, as the rest of a sentence. */
    what: Phrase,
    /** The signal that ended it, or its exit code. */
    readonly how: string | number | null,
    /** What it said last; empty where it said nothing. */
    readonly words = "",
  ) {
    const ending = typeof how === "string" ? phrase`signal ${how}` : phrase`exit code ${String(how)}`;
    super(
      words === ""
        ? phrase`${what} ended by itself (${ending})`
        : phrase`${what} ended by itself (${ending}), saying “${words}”`,
    );
  }
}
