import { asPhrase, type Phrase, phrase, phraseOfError, sayPhrase } from "@lathe/files";
import { Command } from "commander";
import { checkPaths } from "./check-paths.js";
import { checkPlaces } from "./check-places.js";
import { helpOf, type HelpStyle, parseLine, partedWords, type CommonFlags } from "./command-line.js";
import { readConfigFile } from "./config-file.js";
import { flagOfField } from "./fields.js";
import { errorJson, EXIT_DONE, EXIT_USAGE, exitCodeOf } from "./failure.js";
import type { Io } from "./io.js";
import type { CommandMessages } from "./command-messages.js";
import { suggestion } from "./nearest-name.js";
import type { Program } from "./program.js";
import { startProgress } from "./progress.js";
import { configSchema } from "./property.js";
import { resolveOptions, type ResolvedOptions } from "./resolve-options.js";
import { sayTold } from "./say-told.js";
import { resolvePaths } from "./resolve-paths.js";
import { UsageError } from "./usage-error.js";
import type { ReadVerb, Verb, VerbContext } from "./verb.js";

/**
 * Runs a command line.
 *
 * With `--json` the last line on stdout is one JSON object, also when the command fails; everything else goes to stderr.
 *
 * @param words what follows the name of the program   @param io the process's streams and environment, or others
 * @param signal aborts when the user interrupts
 * @returns the exit code
 */
export async function runCommandLine<Messages extends CommandMessages>(
  program: Program<Messages>,
  words: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const { own } = partedWords(words);
  const isJson = own.includes("--json");
  const isVerbose = own.includes("--verbose") || (io.env[`${program.name.toUpperCase()}_DEBUG`] ?? "") !== "";
  try {
    return await dispatch(program, words, io, signal);
  } catch (error) {
    const code = exitCodeOf(error, signal.aborted);
    const { phrases } = messagesOf(program, words, io.env);
    const message = sayPhrase(phraseOfError(error), phrases, flagOfField);
    io.stderr.write(`${program.name}: ${program.say?.(message, program.command) ?? message}\n`);
    if (error instanceof UsageError && error.verb !== null) {
      const help = `${program.command} ${error.verb} --help`;
      io.stderr.write(`${sayPhrase(phrase`See: ${help}`, phrases)}\n`);
    }
    if (isVerbose && code !== EXIT_USAGE && error instanceof Error) io.stderr.write(`${error.stack ?? ""}\n`);
    if (isJson) io.stdout.write(`${JSON.stringify({ error: errorJson(error) })}\n`);
    return code;
  }
}

async function dispatch<Messages extends CommandMessages>(
  program: Program<Messages>,
  words: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const [first, ...rest] = words;
  const { phrases: translations } = messagesOf(program, words, io.env);
  const style = { width: io.stdout.columns, translations };
  switch (first) {
    case undefined:
      io.stderr.write(mainHelp(program, { width: io.stderr.columns, translations }));
      return EXIT_USAGE;
    case "--help":
    case "-h":
      io.stdout.write(mainHelp(program, style));
      return EXIT_DONE;
    case "help": {
      const named = verbIn(
        program.verbs,
        rest.filter((word) => !word.startsWith("-")),
      );
      io.stdout.write(await helpTextOf(program, named?.name ?? null, style));
      return EXIT_DONE;
    }
    case "--version":
    case "-V":
      io.stdout.write(`${program.version}\n`);
      return EXIT_DONE;
    case "schema": {
      const named = verbIn(
        program.verbs,
        rest.filter((word) => !word.startsWith("-")),
      );
      if (named === null)
        throw new UsageError([phrase`${program.command} schema VERB: expected the name of a verb`]);
      writeSchema(program, await loadVerb(program, named.name), rest.includes("--json"), io);
      return EXIT_DONE;
    }
    default:
      if (first.startsWith("-")) {
        throw new UsageError([phrase`unknown flag ${first}${suggestion(first, ["--help", "--version"])}`]);
      }
      return runNamed(program, words, io, signal, style);
  }
}

/** The help of a verb, of all verbs whose first word is the name, or of the whole command. */
async function helpTextOf<Messages extends CommandMessages>(
  program: Program<Messages>,
  name: string | null,
  style: HelpStyle,
): Promise<string> {
  if (name === null) return mainHelp(program, style);
  const verbs = verbsUnder(program.verbs, name);
  return verbs.length > 0
    ? mainHelp({ ...program, verbs }, style)
    : helpOf(program, await loadVerb(program, name), style);
}

/** The verbs of two words that begin with the name; none where it is a verb itself. */
const verbsUnder = <Named extends { readonly name: string }>(
  verbs: readonly Named[],
  name: string,
): readonly Named[] =>
  verbs.some((verb) => verb.name === name) ? [] : verbs.filter((verb) => verb.name.startsWith(`${name} `));

async function runNamed<Messages extends CommandMessages>(
  program: Program<Messages>,
  words: readonly string[],
  io: Io,
  signal: AbortSignal,
  style: HelpStyle,
): Promise<number> {
  const { name, rest } = verbIn(program.verbs, words)!;
  if (verbsUnder(program.verbs, name).length > 0 && rest.some((word) => word === "--help" || word === "-h")) {
    io.stdout.write(await helpTextOf(program, name, style));
    return EXIT_DONE;
  }
  const places = program.verbs.find((verb) => verb.name === name)?.places ?? [];
  if (places.length > 0) await checkPlaces(name, places, partedWords(rest).own);
  return runVerb(program, await loadVerb(program, name), rest, io, signal);
}

/** Parts the name of a verb, which may be of two words, from what follows it; null where there is no word. */
function verbIn(
  verbs: readonly { readonly name: string }[],
  words: readonly string[],
): { readonly name: string; readonly rest: readonly string[] } | null {
  if (words.length === 0) return null;
  const [first, second, ...others] = words;
  const both = `${first} ${second}`;
  const isBoth = verbs.some((verb) => verb.name === both);
  return isBoth ? { name: both, rest: others } : { name: first, rest: words.slice(1) };
}

async function loadVerb<Messages extends CommandMessages>(
  program: Program<Messages>,
  name: string,
): Promise<Verb<Messages>> {
  const { verbs } = program;
  const entry = verbs.find((verb) => verb.name === name);
  if (entry) return { ...(await entry.load()), name: entry.name, summary: entry.summary };
  const names = [...verbs.map((verb) => verb.name), "schema", "help"];
  const longer = verbsUnder(verbs, name);
  if (longer.length > 0) {
    const whole = longer.map((known) => `${program.command} ${known.name}`).join(", ");
    throw new UsageError([phrase`${`${program.command} ${name}`}: expected ${whole}`]);
  }
  const list = phrase`${`${program.command} --help`} lists the verbs`;
  const nearest = suggestion(name, names);
  throw new UsageError([
    nearest.template === ""
      ? phrase`unknown verb ${name}; ${list}`
      : phrase`unknown verb ${name}${nearest} ${list}`,
  ]);
}

function mainHelp<Messages extends CommandMessages>(
  { name: program, command: typed, summary, verbs }: Program<Messages>,
  { width = 100, translations = {} }: HelpStyle,
): string {
  const say = (text: string | Phrase): string => sayPhrase(asPhrase(text), translations);
  const command = new Command(program)
    .description(say(summary))
    .usage(say("VERB [options]"))
    .configureHelp({ styleTitle: say })
    .helpOption("-h, --help", say(phrase`show this help; ${typed} VERB --help shows a verb's`))
    .option("-V, --version", say("show the version"))
    .helpCommand(false)
    .configureOutput({ getOutHelpWidth: () => width });
  for (const { name, summary } of verbs) {
    // Named afterwards: a second word would be read as an argument.
    command.command(name.replace(" ", "-"), { hidden: false }).name(name).summary(say(summary)).usage("");
  }
  command.command("schema <verb>").summary(say("Print the JSON Schema of a verb's config file")).usage("");
  return command.helpInformation();
}

function writeSchema<Messages extends CommandMessages>(
  { name }: Program<Messages>,
  verb: Verb<Messages>,
  onOneLine: boolean,
  io: Io,
): void {
  const schema = { title: `${name} ${verb.name}`, ...configSchema(verb.options) };
  io.stdout.write(`${JSON.stringify(schema, null, onOneLine ? undefined : 2)}\n`);
}

/** The messages in the language that is asked for among the words, else the system's. */
function messagesOf<Messages extends CommandMessages>(
  { languages, languageOfWords }: Program<Messages>,
  words: readonly string[],
  env: Io["env"],
): Messages {
  return languages[languageOfWords(partedWords(words).own, env)];
}

/** @throws UsageError for a language that is not spoken */
function checkLanguage<Messages extends CommandMessages>(
  { languages }: Program<Messages>,
  { language }: CommonFlags,
): void {
  if (language === undefined || Object.hasOwn(languages, language)) return;
  const known = phrase`one of ${Object.keys(languages).join(", ")}`;
  throw new UsageError([phrase`${"--language"}: expected ${known}, got ${language}`]);
}

async function runVerb<Messages extends CommandMessages>(
  program: Program<Messages>,
  verb: Verb<Messages>,
  words: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const { common, flags } = parseLine(program, verb, words);
  if (common.help) {
    const { phrases: translations } = messagesOf(program, words, io.env);
    io.stdout.write(helpOf(program, verb, { width: io.stdout.columns, translations }));
    return EXIT_DONE;
  }
  if (common.printSchema) {
    writeSchema(program, verb, common.json ?? false, io);
    return EXIT_DONE;
  }
  checkLanguage(program, common);
  const messages = messagesOf(program, words, io.env);
  const resolved = await checkedOptions(program, verb, common, flags);
  const { given } = resolved;
  const { paths } = program;
  const context = contextOf({
    command: program.command,
    json: common.json ?? false,
    given,
    io,
    messages,
    signal,
    read: (others) => readVerb(program, others),
  });
  const values = paths ? await resolvePaths(verb.options, resolved, paths, context) : resolved.values;
  const { json, text: told, exitCode = EXIT_DONE } = await verb.run(values, context);
  const text = typeof told === "string" ? told : sayTold(told, messages.phrases);
  if (common.json && json !== null) io.stdout.write(`${JSON.stringify(json)}\n`);
  else if (text !== "") io.stdout.write(`${text}\n`);
  return exitCode;
}

/** What was given, merged and looked at; nothing is fetched. @throws UsageError */
async function checkedOptions<Messages extends CommandMessages>(
  { nameHere, paths }: Program<Messages>,
  verb: Verb<Messages>,
  { config }: CommonFlags,
  flags: Readonly<Record<string, unknown>>,
): Promise<ResolvedOptions> {
  const { name, options } = verb;
  const file =
    config === undefined ? null : await readConfigFile(config, Object.keys(options.shape), nameHere);
  const resolved = resolveOptions(verb, flags, file);
  if (paths) await checkPaths(name, options, resolved, paths);
  return resolved;
}

async function readVerb<Messages extends CommandMessages>(
  program: Program<Messages>,
  words: readonly string[],
): Promise<ReadVerb> {
  const named = verbIn(program.verbs, words);
  if (named === null) throw new UsageError([asPhrase("expected the name of a verb, got nothing")]);
  const verb = await loadVerb(program, named.name);
  const { common, flags } = parseLine(program, verb, named.rest);
  const { values } = await checkedOptions(program, verb, common, flags);
  return { verb: verb.name, values };
}

function contextOf<Messages extends CommandMessages>({
  io,
  messages,
  ...rest
}: Pick<
  VerbContext<Messages>,
  "command" | "io" | "json" | "given" | "messages" | "signal" | "read"
>): VerbContext<Messages> {
  const said = (text: string | Phrase): string =>
    typeof text === "string" ? text : sayPhrase(text, messages.phrases, flagOfField);
  return {
    ...rest,
    io,
    messages,
    note: (text) => void io.stderr.write(`${said(text)}\n`),
    warn: (text) => void io.stderr.write(`${messages.warning}: ${said(text)}\n`),
    progress: (options) => startProgress(io, messages, options),
  };
}
