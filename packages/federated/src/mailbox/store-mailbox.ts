import { FileError, isSpokenError, joinPhrases } from "@lathe/files";
import { type ObjectStore, openStore, type OpenStoreOptions, StoreObjectError } from "@lathe/hub";
import { isKeyPart, keyParts } from "./mailbox-key.js";
import type { Mailbox } from "./mailbox.js";
import { MailboxEntryError } from "./mailbox-entry-error.js";
import { MailboxError } from "./mailbox-error.js";

/**
 * A place in an object store as mailbox: `s3://bucket/prefix`, or `https://host/bucket/prefix` with what lets one in. A store shows an
 * object whole or not at all.
 *
 * @throws FileError where the address is none
 */
export function storeMailbox(address: string, options: OpenStoreOptions = {}): Mailbox {
  const store: ObjectStore = openStore(address, options);
  const { place } = store;
  const checked = async <Result>(key: string, work: (key: string) => Promise<Result>): Promise<Result> => {
    const whole = keyParts(place, key).join("/");
    try {
      return await work(whole);
    } catch (error) {
      if (error instanceof StoreObjectError)
        throw new MailboxEntryError(place, whole, error.came, { cause: error });
      if (error instanceof FileError)
        throw new MailboxError(error.path, error.reasonPhrase, { cause: error });
      if (!isSpokenError(error)) throw error;
      throw new MailboxError(place, joinPhrases(error.phrases()), { cause: error });
    }
  };
  return {
    place,
    read: async (key, limit) => await checked(key, async (whole) => await store.get(whole, limit)),
    write: async (key, contents) => await checked(key, async (whole) => await store.put(whole, contents)),
    list: async (key) => (await checked(key, async (whole) => await store.list(whole))).filter(isKeyPart),
    close: async () => await store.close(),
  };
}
