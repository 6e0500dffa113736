import { type Phrase, phrase } from "@lathe/files";
import { MailboxError } from "./mailbox-error.js";

/** What lies under one key of a mailbox cannot be read, whoever has left it there; what lies under others may be fine. */
export class MailboxEntryError extends MailboxError {
  override readonly name = "MailboxEntryError";

  constructor(
    mailbox: string,
    readonly key: string,
    /** What came in place of a file that can be read. */
    readonly came: Phrase,
    options?: ErrorOptions,
  ) {
    super(`${mailbox}/${key}`, phrase`expected a file that can be read, got ${came}`, options);
  }
}
