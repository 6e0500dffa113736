import { checkInteger, OptionError } from "../option-error.js";

/** Names of the cleaning rules, in the order in which they run. */
export const CLEANING_RULES = [
  "line-ends",
  "control-characters",
  "zero-width",
  "unicode",
  "white-space",
  "empty",
  "too-short",
  "too-long",
  "duplicate",
] as const;

/** Name of a cleaning rule. */
export type CleaningRuleName = (typeof CLEANING_RULES)[number];

/** Limits of the cleaning rules. Characters are Unicode code points. */
export interface CleaningOptions {
  /** Rules to leave out. @defaultValue none */
  readonly disable?: readonly CleaningRuleName[];
  /** Fewest characters of all that the model is given; running text has none and passes. @defaultValue 1 */
  readonly minimumInputCharacters?: number;
  /** Fewest characters of all that the model is to say. @defaultValue 1 */
  readonly minimumOutputCharacters?: number;
  /** Most characters of a row, input and output together. @defaultValue 131072 */
  readonly maximumCharacters?: number;
  /** Examples kept for each rule in the report. @defaultValue 3 */
  readonly examplesPerRule?: number;
}

/** Cleaning options with every default filled in. */
export type ResolvedCleaningOptions = Required<CleaningOptions>;

/** The defaults: nothing is too short that is not empty ("好" is a reply), and a long chain of thought is not too long. */
export const CLEANING_DEFAULTS: ResolvedCleaningOptions = {
  disable: [],
  minimumInputCharacters: 1,
  minimumOutputCharacters: 1,
  maximumCharacters: 131_072,
  examplesPerRule: 3,
};

/** Fills in the defaults and checks the values; throws {@link OptionError}. */
export function resolveCleaningOptions(options: CleaningOptions = {}): ResolvedCleaningOptions {
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(CLEANING_DEFAULTS, key));
  if (unknown !== undefined) {
    throw new OptionError("cleaning", `the keys ${Object.keys(CLEANING_DEFAULTS).join(", ")}`, unknown);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const resolved: ResolvedCleaningOptions = { ...CLEANING_DEFAULTS, ...Object.fromEntries(given) };
  checkInteger("cleaning.minimumInputCharacters", resolved.minimumInputCharacters, 0);
  checkInteger("cleaning.minimumOutputCharacters", resolved.minimumOutputCharacters, 0);
  checkInteger("cleaning.maximumCharacters", resolved.maximumCharacters, 1);
  checkInteger("cleaning.examplesPerRule", resolved.examplesPerRule, 0, 1000);
  for (const name of resolved.disable) {
    if (!CLEANING_RULES.includes(name)) {
      throw new OptionError("cleaning.disable", `names out of ${CLEANING_RULES.join(", ")}`, name);
    }
  }
  return resolved;
}
