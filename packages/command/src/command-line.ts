import { asPhrase, type Phrase, phrase, sayPhrase, type Translations, formatValue } from "@lathe/files";
import { Argument, Command, CommanderError, Option } from "commander";
import { suggestion } from "./nearest-name.js";
import { flagSchema, kebabCase, placeholderOf, propertiesOf, type Property } from "./property.js";
import { UsageError } from "./usage-error.js";
import type { CommandMessages } from "./command-messages.js";
import type { NameHere, Program } from "./program.js";
import type { Verb } from "./verb.js";

/** Flags that every verb has and that are no part of the config file. */
export interface CommonFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly language?: string;
  readonly verbose?: boolean;
  readonly printSchema?: boolean;
  readonly help?: boolean;
}

/** A command line, taken apart. */
export interface ParsedLine {
  readonly common: CommonFlags;
  /** What was given of the verb's own options, by camelCase key. */
  readonly flags: Readonly<Record<string, unknown>>;
}

const COMMON_GROUP = "Everywhere:";

/** Says a phrase in the language of a help. */
type Say = (text: string | Phrase) => string;

const sayIn =
  (translations: Translations): Say =>
  (text) =>
    sayPhrase(asPhrase(text), translations);

const eitherOf = (names: readonly string[]): Phrase =>
  names.map(asPhrase).reduce((before, next) => phrase`${before} or ${next}`);

const commonOptions = (languages: readonly string[], say: Say): Option[] => [
  new Option("--config <file>", say("YAML file with options; flags win over it")),
  new Option("--json", say("end stdout with one JSON object")),
  new Option(
    "--language <language>",
    say(phrase`language of messages: ${eitherOf(languages)} (default: that of the system)`),
  ),
  new Option("--verbose", say("show where an unexpected error came from")),
  new Option("--print-schema", say("print the JSON Schema of the config file")),
];

function describe({ schema, details, required }: Property, say: Say): string {
  const fallback =
    details.defaultText ??
    (schema.default === undefined ? null : valueText(schema.default, details.separator));
  const requirement = details.requiredText ?? (required ? "required" : null);
  const notes = [
    schema.enum?.join(" | "),
    details.unit === undefined ? undefined : say(details.unit),
    requirement !== null
      ? say(requirement)
      : fallback === null
        ? undefined
        : say(phrase`default: ${asPhrase(fallback)}`),
  ].filter((note) => note !== undefined);
  const note = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  return `${say(details.description ?? schema.description ?? "")}${note}`;
}

function valueText(value: unknown, separator = ","): string {
  if (typeof value === "number") return formatValue(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.length > 0) return value.join(separator);
  return "none";
}

/** The flags of one option; a second, hidden one undoes a boolean that the config file may have set. */
function flagsOf(property: Property, say: Say): Option[] {
  const { flag, schema, details } = property;
  const group = `${details.group ?? "Options"}:`;
  const wanted = flagSchema(schema);
  if (wanted.type === "boolean") {
    const description = say(details.description ?? "");
    const on = new Option(`--${flag}`, description).helpGroup(group);
    const off = new Option(
      `--no-${flag}`,
      details.negated === undefined ? description : say(details.negated),
    ).helpGroup(group);
    (schema.default === true ? on : off).hideHelp();
    return [on, off];
  }
  const placeholder = placeholderOf(property);
  const isList = wanted.type === "array";
  const isVariadic = isList && details.separator === undefined && details.parse === undefined;
  const made = new Option(`--${flag} <${placeholder}${isVariadic ? "..." : ""}>`, describe(property, say));
  // A list that is named twice goes on where it was.
  const separator = details.separator;
  if (isList && separator !== undefined) {
    made.argParser((text: string, before: string | undefined) =>
      before === undefined ? text : `${before}${separator}${text}`,
    );
  }
  return [made.helpGroup(group)];
}

const usageOf = ({ positional, rest }: Pick<Verb<never>, "positional" | "rest">, say: Say): string =>
  [
    say("[options]"),
    ...(positional === undefined ? [] : [`[${kebabCase(positional)}]`]),
    ...(rest === undefined ? [] : [`[-- ${kebabCase(rest)}...]`]),
  ].join(" ");

/** How a help is written. */
export interface HelpStyle {
  /** Columns. @defaultValue 100 */
  readonly width?: number | undefined;
  /** The language. @defaultValue English */
  readonly translations?: Translations;
}

/** The command of a verb, for parsing and for its help. */
export function commandOf<Messages extends CommandMessages>(
  { name, languages }: Program<Messages>,
  verb: Verb<Messages>,
  { width = 100, translations = {} }: HelpStyle = {},
): Command {
  const say = sayIn(translations);
  const summary = say(phrase`${asPhrase(verb.summary)}.`);
  const command = new Command(`${name} ${verb.name}`)
    .description(verb.description === undefined ? summary : `${summary}\n\n${say(verb.description)}`)
    .usage(usageOf(verb, say))
    // The option of an argument says what it is: a second list of the same would only be longer.
    .configureHelp({ styleTitle: say, visibleArguments: () => [] })
    .addHelpOption(new Option("-h, --help", say("show this help")).helpGroup(COMMON_GROUP))
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: () => undefined,
      writeErr: () => undefined,
      getOutHelpWidth: () => width,
    });
  if (verb.positional !== undefined) command.addArgument(new Argument(`[${kebabCase(verb.positional)}]`));
  for (const property of propertiesOf(verb.options)) {
    if (property.key === verb.rest) continue;
    for (const flag of flagsOf(property, say)) command.addOption(flag);
  }
  for (const common of commonOptions(Object.keys(languages), say)) {
    command.addOption(common.helpGroup(COMMON_GROUP));
  }
  return command;
}

/** An example, whose programs stand at its start or after a pipe, with what people type to start this one. */
const asTyped = ({ name, command }: Pick<Program<never>, "name" | "command">, example: string): string =>
  example
    .split(/(?<=^|\| )(?=\S)/)
    .map((part) => (part.startsWith(`${name} `) ? `${command}${part.slice(name.length)}` : part))
    .join("");

/** The text of `VERB --help`. */
export function helpOf<Messages extends CommandMessages>(
  program: Program<Messages>,
  verb: Verb<Messages>,
  style: HelpStyle,
): string {
  let text = "";
  const command = commandOf(program, verb, style);
  const title = sayIn(style.translations ?? {})("Examples:");
  const examples = verb.examples.map((example) => asTyped(program, example));
  if (examples.length > 0) {
    command.addHelpText("after", `\n${title}\n${examples.map((example) => `  $ ${example}`).join("\n")}`);
  }
  command
    .configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => style.width ?? 100 })
    .outputHelp();
  return text;
}

/** @throws UsageError for an unknown flag, a missing value or a stray argument */
export function parseLine<Messages extends CommandMessages>(
  program: Program<Messages>,
  verb: Verb<Messages>,
  words: readonly string[],
): ParsedLine {
  const command = commandOf(program, verb);
  const { own, rest } = partedWords(words, verb.rest !== undefined);
  try {
    command.parse([...own], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return { common: { help: true }, flags: {} };
    const here = (flag: string) => program.nameHere?.(flag, Object.keys(verb.options.shape)) ?? null;
    throw new UsageError([usageFault(command, error, here)], verb.name, { cause: error });
  }
  const given = Object.fromEntries(
    Object.entries(command.opts()).filter(([key]) => command.getOptionValueSource(key) === "cli"),
  ) as Record<string, unknown>;
  const [argument] = command.args;
  if (verb.positional !== undefined && argument !== undefined) {
    if (Object.hasOwn(given, verb.positional)) {
      const flag = `--${kebabCase(verb.positional)}`;
      throw new UsageError(
        [phrase`${flag}: expected it once, got ${argument} without the flag as well`],
        verb.name,
      );
    }
    given[verb.positional] = argument;
  }
  if (verb.rest !== undefined && rest !== null) given[verb.rest] = rest;
  const { config, json, language, verbose, printSchema, ...flags } = given;
  return { common: { config, json, language, verbose, printSchema } as CommonFlags, flags };
}

/** Parts words at the first `--`. @param isParted whether what follows is another program's; all are the verb's own otherwise */
export function partedWords(
  words: readonly string[],
  isParted = true,
): { readonly own: readonly string[]; readonly rest: readonly string[] | null } {
  const at = isParted ? words.indexOf("--") : -1;
  return at < 0 ? { own: words, rest: null } : { own: words.slice(0, at), rest: words.slice(at + 1) };
}

function usageFault(
  command: Command,
  { code, message }: CommanderError,
  nameHere: (flag: string) => NameHere | null,
): Phrase {
  const [sentence] = message.replace(/^error: /, "").split("\n");
  const flag = /'([^'=]+)/.exec(sentence)?.[1] ?? "";
  if (code === "commander.optionMissingArgument") return phrase`${flag}: the value is missing`;
  if (code === "commander.excessArguments") {
    return phrase`unexpected argument ${command.args[0]}: options have names`;
  }
  if (code !== "commander.unknownOption") return asPhrase(sentence);
  const here = nameHere(flag);
  if (here !== null) {
    const name =
      here.value === "false"
        ? `--no-${kebabCase(here.key)}`
        : `--${[kebabCase(here.key), here.value ?? ""].join(" ").trim()}`;
    return phrase`unknown flag ${flag}; here that is ${name}`;
  }
  const known = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? "");
  return phrase`unknown flag ${flag}${suggestion(flag, known)}`;
}
