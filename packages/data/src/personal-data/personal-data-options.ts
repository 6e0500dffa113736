import { phrase } from "@lathe/files";
import { OptionError } from "../option-error.js";
import { KEY_BYTES } from "./personal-data-key.js";

/** What is done with personal data, in the order of caution. */
export const PERSONAL_DATA_ACTIONS = ["mask", "drop", "report", "keep"] as const;

/**
 * What is done with personal data: placeholders in its place, rows that hold any set aside, rows left as they are and what they hold
 * counted, or nothing looked for.
 */
export type PersonalDataAction = (typeof PERSONAL_DATA_ACTIONS)[number];

/** What is done with which personal data. */
export interface PersonalDataOptions {
  /** @defaultValue "mask" */
  readonly action?: PersonalDataAction;
  /** Data that are public, such as the number of a hotline, in any way of writing; they stay. @defaultValue none */
  readonly allow?: readonly string[];
  /** With a key of 32 bytes masking can be undone by whoever has it: each row carries what it held, sealed. @defaultValue none */
  readonly key?: Uint8Array | null;
}

/** Options with every default filled in. */
export type ResolvedPersonalDataOptions = Required<PersonalDataOptions>;

/** Fills in the defaults and checks the values; throws {@link OptionError}. */
export function resolvePersonalDataOptions(options: PersonalDataOptions = {}): ResolvedPersonalDataOptions {
  const { action = "mask", allow = [], key = null } = options;
  if (!PERSONAL_DATA_ACTIONS.includes(action)) {
    throw new OptionError(
      "cleaning.personalData.action",
      phrase`one of ${PERSONAL_DATA_ACTIONS.join(", ")}`,
      action,
    );
  }
  if (key !== null && key.length !== KEY_BYTES) {
    throw new OptionError("cleaning.personalData.key", phrase`${KEY_BYTES} bytes`, `${key.length} bytes`);
  }
  if (key !== null && action !== "mask") {
    throw new OptionError("cleaning.personalData.key", "a key only where personal data are masked", action);
  }
  return { action, allow, key };
}
