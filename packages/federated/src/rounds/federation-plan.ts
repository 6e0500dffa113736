import { asPhrase, isRecord, type Phrase, phrase } from "@lathe/files";
import { federationKeys } from "../mailbox/federation-keys.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import { postJson, readPostedJson } from "../mailbox/posted-folder.js";
import { shown } from "../text/shown.js";
import { UpdateError } from "../updates/update-error.js";

/** What all parties of a federation know of it. */
export interface FederationPlan {
  /** Tells it from every other. */
  readonly id: string;
  readonly rounds: number;
  /** SHA-256 that the model of every party comes to. */
  readonly base: string;
  /** How clients learn, as plain values; what they mean is for whoever trains. */
  readonly training: Readonly<Record<string, unknown>>;
}

const FORMAT = "lathe-federation";

/** Characters of an id at most. */
const LONGEST_ID = 64;

/** Leaves the plan in the mailbox. */
export async function postPlan(mailbox: Mailbox, plan: FederationPlan): Promise<void> {
  await postJson(mailbox, federationKeys.federation, { format: FORMAT, ...plan });
}

/** The plan of the federation in a mailbox; null where there is none yet. @throws UpdateError where it cannot be read */
export async function readPlan(mailbox: Mailbox): Promise<FederationPlan | null> {
  const value = await readPostedJson(mailbox, federationKeys.federation);
  if (value === null) return null;
  const place = { within: mailbox.place, part: federationKeys.federation };
  const fault = (key: string, expected: string | Phrase): UpdateError =>
    new UpdateError("manifest", place, phrase`${key} as ${asPhrase(expected)}`, shown(value[key]));
  const { format, id, rounds, base, training } = value;
  if (format !== FORMAT) throw fault("format", phrase`${FORMAT}`);
  if (typeof id !== "string" || id === "" || id.length > LONGEST_ID)
    throw fault("id", phrase`a text of up to ${LONGEST_ID} characters`);
  if (typeof rounds !== "number" || !Number.isSafeInteger(rounds) || rounds < 1)
    throw fault("rounds", phrase`a whole number from ${1}`);
  if (typeof base !== "string" || !/^[0-9a-f]{64}$/.test(base)) throw fault("base", "a SHA-256");
  if (!isRecord(training)) throw fault("training", "an object");
  return { id, rounds, base, training };
}
