import type { OpenStoreOptions } from "@lathe/hub";
import { folderMailbox } from "./folder-mailbox.js";
import type { Mailbox } from "./mailbox.js";
import { storeMailbox } from "./store-mailbox.js";

/** The mailbox at an address of a store, `s3://…` or `https://…`, or in a folder. @throws FileError where an address is none */
export function openMailbox(place: string, options: OpenStoreOptions = {}): Mailbox {
  return /^(?:s3|https?):\/\//i.test(place) ? storeMailbox(place, options) : folderMailbox(place);
}
