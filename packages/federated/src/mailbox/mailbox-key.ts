import { asPhrase } from "@lathe/files";
import { MailboxError } from "./mailbox-error.js";

/**
 * A part of a key: lower-case letters, digits, dots and dashes, no dot at the beginning or end, so that it is the same name on every
 * system, and two that differ are two places also where a system takes `A` for `a`.
 */
const PART = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?$/;

/** Names that some systems keep for devices. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?$/;

/** Whether a text can be a part of a key, and thus the name of a client. */
export const isKeyPart = (text: string): boolean => PART.test(text) && !DEVICE.test(text);

/** The parts of a key. @throws MailboxError where it could lead out of the mailbox */
export function keyParts(place: string, key: string): readonly string[] {
  const parts = key.split("/");
  if (parts.every(isKeyPart)) return parts;
  throw new MailboxError(
    place,
    asPhrase("expected a key of lower-case letters, digits, dots and dashes between slashes, got another"),
  );
}
