/**
 * Where the parties of a federation leave things for each other: a folder that all see, or an object store. None of them needs to be
 * reached by another, and nothing but files is asked of the place.
 */
export interface Mailbox {
  /** What it is called in messages; no secret is in it. */
  readonly place: string;
  /**
   * The bytes under a key, or null where there is nothing.
   * @param limit largest number of bytes that is read
   * @throws MailboxEntryError where what is there is no file, larger, or not shown; MailboxError where the place does not answer
   */
  read(key: string, limit: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Puts bytes under a key, in place of what was there: whole or not at all. @throws MailboxError, FileError */
  write(key: string, contents: Uint8Array): Promise<void>;
  /** Names right below a key, in order; none where there is nothing. @throws MailboxError */
  list(key: string): Promise<readonly string[]>;
  /** Closes what connections there are. */
  close(): Promise<void>;
}
