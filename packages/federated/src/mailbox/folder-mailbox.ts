import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { asPhrase, phrase, readSmallFile, replaceFile } from "@lathe/files";
import { isKeyPart, keyParts } from "./mailbox-key.js";
import type { Mailbox } from "./mailbox.js";
import { MailboxEntryError } from "./mailbox-entry-error.js";
import { MailboxError } from "./mailbox-error.js";

/**
 * A folder as mailbox: on a disk that all share, or one that a program keeps the same on all machines. Files are written beside their
 * place and renamed; what a program that copies them has not brought whole yet is told by its hash.
 */
export function folderMailbox(folder: string): Mailbox {
  const pathOf = (key: string): string => join(folder, ...keyParts(folder, key));
  return {
    place: folder,
    async read(key, limit) {
      const bytes = await readSmallFile(pathOf(key), limit, (_expected, actual, cause) => {
        // The system's own sentence has the path, which is nobody else's business.
        const { code } = (cause ?? {}) as NodeJS.ErrnoException;
        return new MailboxEntryError(folder, key, asPhrase(code ?? actual), { cause });
      });
      return bytes === null ? null : new Uint8Array(bytes);
    },
    write: async (key, contents) => await replaceFile(pathOf(key), contents),
    async list(key) {
      const path = pathOf(key);
      const names = await readdir(path).catch((error: unknown) => {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") return [];
        throw new MailboxError(path, phrase`cannot be listed: ${message}`, { cause: error });
      });
      return names.filter(isKeyPart).sort();
    },
    close: async () => undefined,
  };
}
