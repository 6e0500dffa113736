import { phrase } from "@lathe/files";
import { checkInteger, OptionError } from "../option-error.js";
import type { CleaningLimits } from "./cleaning-limits.js";
import type { CleaningStep, StepFunction } from "./cleaning-step.js";
import type { StepSettings } from "./step-settings.js";
import { CLEANING_STEPS, type StepName } from "./step-names.js";
import { STEP_TABLE } from "./step-table.js";
import { PERSONAL_DATA_STEP, PersonalData } from "../personal-data/personal-data.js";
import {
  resolvePersonalDataOptions,
  type PersonalDataOptions,
  type ResolvedPersonalDataOptions,
} from "../personal-data/personal-data-options.js";

/**
 * Steps that run unless others are listed. None of them changes what a text says. The others are asked for: HTML and Markdown may be what is
 * to be learnt, an address part of an answer, a greeting wanted.
 */
export const DEFAULT_STEPS: readonly StepName[] = [
  "mojibake",
  "line-ends",
  "control-characters",
  "zero-width",
  "unicode",
  "white-space",
  "empty",
  "too-short",
  "too-long",
  "duplicate",
];

/** A step with settings of its own, by the name of the step. */
export type StepWithSettings = {
  readonly [Name in StepName]: { readonly step: Name } & (Name extends keyof StepSettings
    ? Partial<StepSettings[Name]>
    : unknown);
}[StepName];

/** A step to run: its name, its name and settings, a function with a name, or a function and what it is to be called. */
export type StepChoice =
  StepName | StepWithSettings | StepFunction | { readonly name: string; readonly apply: StepFunction };

/** Steps of cleaning and their limits. */
export interface CleaningOptions extends Partial<CleaningLimits> {
  /** Steps in the order in which they run. @defaultValue {@link DEFAULT_STEPS} */
  readonly steps?: readonly StepChoice[];
  /** Steps to leave out. @defaultValue none */
  readonly disable?: readonly StepName[];
  /**
   * What is done with personal data: the step `personal-data`, which comes right behind the last of the steps that change rows.
   * @defaultValue masked
   */
  readonly personalData?: PersonalDataOptions;
  /** Examples kept for each step in the report. @defaultValue 3 */
  readonly examplesPerStep?: number;
}

/** Cleaning options with every default filled in. */
export type ResolvedCleaningOptions = Required<Omit<CleaningOptions, "personalData">> & {
  readonly personalData: ResolvedPersonalDataOptions;
};

/** The defaults: nothing is too short that is not empty ("好" is a reply), and a long chain of thought is not too long. */
export const CLEANING_DEFAULTS: ResolvedCleaningOptions = {
  steps: DEFAULT_STEPS,
  disable: [],
  minimumInputCharacters: 1,
  minimumOutputCharacters: 1,
  maximumCharacters: 131_072,
  personalData: resolvePersonalDataOptions(),
  examplesPerStep: 3,
};

/** Fills in the defaults and checks the values; throws {@link OptionError}. */
export function resolveCleaningOptions(options: CleaningOptions = {}): ResolvedCleaningOptions {
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(CLEANING_DEFAULTS, key));
  if (unknown !== undefined) {
    throw new OptionError("cleaning", phrase`the keys ${Object.keys(CLEANING_DEFAULTS).join(", ")}`, unknown);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const resolved: ResolvedCleaningOptions = {
    ...CLEANING_DEFAULTS,
    ...(Object.fromEntries(given) as Partial<ResolvedCleaningOptions>),
    personalData: resolvePersonalDataOptions(options.personalData),
  };
  checkInteger("cleaning.minimumInputCharacters", resolved.minimumInputCharacters, 0);
  checkInteger("cleaning.minimumOutputCharacters", resolved.minimumOutputCharacters, 0);
  checkInteger("cleaning.maximumCharacters", resolved.maximumCharacters, 1);
  checkInteger("cleaning.examplesPerStep", resolved.examplesPerStep, 0, 1000);
  for (const name of resolved.disable) {
    if (!CLEANING_STEPS.includes(name)) {
      throw new OptionError("cleaning.disable", phrase`names out of ${CLEANING_STEPS.join(", ")}`, name);
    }
  }
  return resolved;
}

/** Makes the steps that the options list; throws {@link OptionError} for one that is unknown, ill set or listed twice. */
export function makeSteps(options: ResolvedCleaningOptions): CleaningStep[] {
  const listed = options.steps.map((choice) => makeStep(choice, options));
  const names = listed.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new OptionError("cleaning.steps", "every step once", twice);
  const steps = listed.filter(({ name }) => !(options.disable as readonly string[]).includes(name));
  if (options.personalData.action === "keep") return steps;
  const behind = steps.findLastIndex(({ checks }) => checks !== true) + 1;
  return [...steps.slice(0, behind), new PersonalData(options.personalData), ...steps.slice(behind)];
}

/** The options as a manifest can hold them: functions by their names, nothing of what is allowed or of a key but whether it is there. */
export function describeCleaning(options: ResolvedCleaningOptions): Record<string, unknown> {
  const { action, allow, key } = options.personalData;
  return {
    ...options,
    steps: describeSteps(options.steps),
    personalData: { action, allowed: allow.length, reversible: key !== null },
  };
}

/** The steps as JSON can hold them: a function by its name. */
function describeSteps(steps: readonly StepChoice[]): unknown[] {
  return steps.map((choice) => (typeof choice === "function" || isOwn(choice) ? choice.name : choice));
}

const isOwn = (choice: StepChoice): choice is Extract<StepChoice, { readonly apply: unknown }> =>
  typeof choice === "object" && "apply" in choice;

/** What a list of steps may hold, in words. */
const CHOICES = phrase`names out of ${CLEANING_STEPS.join(", ")}, with or without settings, or functions with names`;

function makeStep(choice: StepChoice, options: ResolvedCleaningOptions): CleaningStep {
  if (typeof choice === "function") return ownStep(choice.name, choice);
  if (typeof choice === "string") return knownStep(choice, {}, options);
  if (typeof choice !== "object" || choice === null) throw new OptionError("cleaning.steps", CHOICES, choice);
  if (isOwn(choice)) return ownStep(choice.name, choice.apply);
  const { step, ...settings } = choice;
  return knownStep(step, settings, options);
}

function knownStep(
  name: StepName,
  settings: Readonly<Record<string, unknown>>,
  options: ResolvedCleaningOptions,
): CleaningStep {
  if (!Object.hasOwn(STEP_TABLE, name)) throw new OptionError("cleaning.steps", CHOICES, name);
  return STEP_TABLE[name](settings, options);
}

function ownStep(name: string, apply: StepFunction): CleaningStep {
  if (typeof name !== "string" || name === "" || typeof apply !== "function") {
    throw new OptionError("cleaning.steps", CHOICES, "a function without a name");
  }
  if (Object.hasOwn(STEP_TABLE, name) || name === PERSONAL_DATA_STEP) {
    throw new OptionError("cleaning.steps", "a name of its own for a step of one's own", name);
  }
  return { name, apply, repeats: false };
}
