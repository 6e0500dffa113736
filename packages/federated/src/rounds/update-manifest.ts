import { phrase } from "@lathe/files";
import type { Manifest } from "../mailbox/posted-folder.js";
import { shown } from "../text/shown.js";
import { UpdateError, type UpdateFault, type UpdatePlace } from "../updates/update-error.js";

/** What a client says of its update. */
export interface UpdateFacts {
  /** Id of the federation. */
  readonly federation: string;
  readonly round: number;
  readonly client: string;
  /** Rows that it was learnt from. */
  readonly rows: number;
  /** SHA-256 that the client's model comes to. */
  readonly base: string;
  /** SHA-256 of the weights that it began with. */
  readonly start: string;
}

const FORMAT = "lathe-update";

/** The fields of the manifest of an update. */
export const updateFields = (facts: UpdateFacts): Readonly<Record<string, unknown>> => ({
  format: FORMAT,
  ...facts,
});

/**
 * Holds what a client says of its update to what is expected of it.
 * @returns rows of the client
 * @throws UpdateError
 */
export function checkUpdateManifest(
  manifest: Manifest,
  place: UpdatePlace,
  expected: Omit<UpdateFacts, "rows">,
): number {
  const hold = (key: keyof typeof expected, fault: UpdateFault): void => {
    if (manifest[key] === expected[key]) return;
    throw new UpdateError(fault, place, phrase`${key} ${expected[key]}`, shown(manifest[key]));
  };
  if (manifest["format"] !== FORMAT)
    throw new UpdateError("manifest", place, phrase`format ${FORMAT}`, shown(manifest["format"]));
  hold("federation", "federation");
  hold("round", "round");
  hold("client", "client");
  hold("base", "base");
  hold("start", "start");
  const { rows } = manifest;
  if (typeof rows === "number" && Number.isSafeInteger(rows) && rows >= 1) return rows;
  throw new UpdateError("manifest", place, phrase`rows from ${1}`, shown(rows));
}
