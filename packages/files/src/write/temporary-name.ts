import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import {
  IDENTITY_PATTERN,
  identityText,
  ownIdentity,
  type ProcessIdentity,
} from "../lock/process-identity.js";

/** What lies beside a place on the way: what is to come there, what was there, or what is being removed. */
export type TemporaryKind = "new" | "old" | "gone";

/** What the name of a temporary entry tells. */
export interface TemporaryEntry {
  /** Name of the place, in the same folder. */
  readonly place: string;
  readonly kind: TemporaryKind;
  /** Who made it. */
  readonly owner: ProcessIdentity;
}

const NAME = new RegExp(`^\\.(.+)\\.${IDENTITY_PATTERN}-[0-9a-f]{8}\\.(new|old|gone)$`);

/** A fresh hidden name beside a place, which tells the place and this process. */
export function temporaryName(place: string, kind: TemporaryKind): string {
  const token = `${identityText(ownIdentity())}-${randomBytes(4).toString("hex")}`;
  return join(dirname(place), `.${basename(place)}.${token}.${kind}`);
}

/** Reads the name of an entry; null where {@link temporaryName} gives no such name. */
export function parseTemporaryName(entry: string): TemporaryEntry | null {
  const found = NAME.exec(entry);
  if (!found) return null;
  const [, place, machine, pid, started, kind] = found;
  return { place, kind: kind as TemporaryKind, owner: { machine, pid: Number(pid), started } };
}
