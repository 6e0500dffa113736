import { phrase } from "@lathe/files";
import { OptionError } from "../option-error.js";
import type { BoilerplateSettings } from "./boilerplate.js";
import type { ChineseForm } from "./chinese.js";
import type { ScriptName } from "./scripts.js";

/** What the steps that have settings can be told. */
export interface StepSettings {
  readonly chinese: {
    /** The way of writing to bring texts to. @defaultValue "simplified" */
    readonly to: ChineseForm;
  };
  readonly urls: {
    /** What stands for an address; null for `[链接]` or `[URL]` by the language of the text. @defaultValue null */
    readonly replacement: string | null;
  };
  readonly "speaker-prefixes": {
    /** Names that may stand before what is said. @defaultValue those of `SPEAKERS` */
    readonly speakers: readonly string[];
  };
  /** @defaultValue 50 rows, 6 characters */
  readonly boilerplate: BoilerplateSettings;
  readonly "repeated-characters": {
    /** How many of a run are left. @defaultValue 3 */
    readonly most: number;
  };
  readonly language: {
    /** Languages known by their script, or scripts: `zh`, `ja`, `ko`, `latin`, `cyrillic` … @defaultValue zh and latin */
    readonly scripts: readonly ScriptName[];
    /** Least share of words and characters in these scripts, 0 to 1. @defaultValue 0.5 */
    readonly share: number;
  };
}

/** Holds the keys of a step's settings to those it has, and fills in the others. @throws OptionError */
export function fillSettings<Settings extends object>(
  name: string,
  given: Readonly<Record<string, unknown>>,
  defaults: Settings,
): Settings {
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(defaults, key));
  if (unknown !== undefined) {
    const keys = Object.keys(defaults);
    const expected =
      keys.length === 0
        ? phrase`no settings for ${name}`
        : phrase`the settings ${keys.join(", ")} for ${name}`;
    throw new OptionError("cleaning.steps", expected, unknown);
  }
  return {
    ...defaults,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}
