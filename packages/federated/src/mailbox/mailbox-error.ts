import { InputError, type Phrase, phrase } from "@lathe/files";

/** A mailbox does not answer, or holds what is none of a federation. */
export class MailboxError extends InputError {
  override readonly name: string = "MailboxError";

  constructor(
    /** The mailbox, and the key in it where there is one. */
    readonly place: string,
    reason: Phrase,
    options?: ErrorOptions,
  ) {
    super(phrase`${place}: ${reason}`, options);
  }
}
