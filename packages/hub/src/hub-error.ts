import { InputError, type Phrase } from "@lathe/files";

/** Why a hub gives nothing, or why what it gave is not taken. */
export type HubFault =
  /** The name is none that a hub has, or what is asked of it is not there. */
  | "name"
  /** There is no such model or data set, revision or file; or it is hidden from whoever asks. */
  | "missing"
  /** Its owner has to let one in first. */
  | "gated"
  /** The token is not taken. */
  | "token"
  /** What would be pushed for few would be seen by all. */
  | "public"
  /** A package that the work needs is not installed. */
  | "package"
  /** Only what is on this machine may be used, and it is not there. */
  | "offline"
  /** The hub was not reached, or answered with errors to the last try. */
  | "network"
  /** What came is not what was announced. */
  | "damaged"
  /** The disk has too little room. */
  | "space";

/** A hub's part of the work failed, as one sentence. It never holds a token. */
export class HubError extends InputError {
  override readonly name = "HubError";

  /** @param sentence what is wrong and what to do about it */
  constructor(
    readonly fault: HubFault,
    sentence: Phrase,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}
