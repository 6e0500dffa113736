import { createRequire } from "node:module";
import { Command } from "commander";
import { checkValues } from "./check-values.js";
import { withVerbs } from "./command-name.js";
import { helpOf, parseLine, type CommonFlags } from "./command-line.js";
import { readConfigFile } from "./config-file.js";
import { errorJson, EXIT_DONE, EXIT_USAGE, exitCodeOf } from "./failure.js";
import type { Io } from "./io.js";
import { type Language, languageNamed, languages, messagesIn, systemLanguage } from "../messages/language.js";
import type { Messages } from "../messages/messages.js";
import { suggestion } from "./nearest-name.js";
import { startProgress } from "./progress.js";
import { configSchema } from "./property.js";
import { resolveOptions } from "./resolve-options.js";
import { UsageError } from "./usage-error.js";
import type { Verb, VerbContext, VerbEntry } from "./verb.js";

/** Version of the command. */
export function version(): string {
  const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };
  return version;
}

/**
 * Runs a command line.
 *
 * With `--json` the last line on stdout is one JSON object, also when the command fails; everything else goes to stderr.
 *
 * @param words what follows the name of the program
 * @param signal aborts when the user interrupts
 * @returns the exit code
 */
export async function runCommandLine(
  verbs: readonly VerbEntry[],
  words: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const command = commandOfIo(io);
  const isJson = words.includes("--json");
  const isVerbose = words.includes("--verbose") || (io.env["LATHE_DEBUG"] ?? "") !== "";
  try {
    return await dispatch(verbs, words, io, signal);
  } catch (error) {
    const code = exitCodeOf(error, signal.aborted);
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(`lathe: ${withVerbs(message, command)}\n`);
    if (error instanceof UsageError && error.verb !== null) {
      io.stderr.write(`See: ${command} ${error.verb} --help\n`);
    }
    if (isVerbose && code !== EXIT_USAGE && error instanceof Error) io.stderr.write(`${error.stack ?? ""}\n`);
    if (isJson) io.stdout.write(`${JSON.stringify({ error: errorJson(error) })}\n`);
    return code;
  }
}

/** What people type to start the command. */
const commandOfIo = ({ command = "lathe" }: Io): string => command;

async function dispatch(
  verbs: readonly VerbEntry[],
  words: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const [first, ...rest] = words;
  switch (first) {
    case undefined:
      io.stderr.write(mainHelp(verbs, io, io.stderr.columns));
      return EXIT_USAGE;
    case "--help":
    case "-h":
      io.stdout.write(mainHelp(verbs, io, io.stdout.columns));
      return EXIT_DONE;
    case "help": {
      const named = verbIn(
        verbs,
        rest.filter((word) => !word.startsWith("-")),
      );
      const text =
        named === null
          ? mainHelp(verbs, io, io.stdout.columns)
          : helpOf(await loadVerb(verbs, named.name, io), commandOfIo(io), io.stdout.columns);
      io.stdout.write(text);
      return EXIT_DONE;
    }
    case "--version":
    case "-V":
      io.stdout.write(`${version()}\n`);
      return EXIT_DONE;
    case "schema": {
      const named = verbIn(
        verbs,
        rest.filter((word) => !word.startsWith("-")),
      );
      if (named === null)
        throw new UsageError([`${commandOfIo(io)} schema VERB: expected the name of a verb`]);
      writeSchema(await loadVerb(verbs, named.name, io), rest.includes("--json"), io);
      return EXIT_DONE;
    }
    default:
      if (first.startsWith("-")) {
        throw new UsageError([`unknown flag ${first}${suggestion(first, ["--help", "--version"])}`]);
      }
      return runNamed(verbs, words, io, signal);
  }
}

async function runNamed(
  verbs: readonly VerbEntry[],
  words: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const { name, rest } = verbIn(verbs, words)!;
  return runVerb(await loadVerb(verbs, name, io), rest, io, signal);
}

/** Parts the name of a verb, which may be of two words, from what follows it; null where there is no word. */
function verbIn(
  verbs: readonly VerbEntry[],
  words: readonly string[],
): { readonly name: string; readonly rest: readonly string[] } | null {
  if (words.length === 0) return null;
  const [first, second, ...others] = words;
  const both = `${first} ${second}`;
  const isBoth = verbs.some((verb) => verb.name === both);
  return isBoth ? { name: both, rest: others } : { name: first, rest: words.slice(1) };
}

async function loadVerb(verbs: readonly VerbEntry[], name: string, io: Io): Promise<Verb> {
  const entry = verbs.find((verb) => verb.name === name);
  if (entry) return { ...(await entry.load()), name: entry.name, summary: entry.summary };
  const names = [...verbs.map((verb) => verb.name), "schema", "help"];
  const longer = names.filter((known) => known.startsWith(`${name} `));
  if (longer.length > 0) {
    const command = commandOfIo(io);
    throw new UsageError([
      `${command} ${name}: expected ${longer.map((known) => `${command} ${known}`).join(" or ")}`,
    ]);
  }
  throw new UsageError([
    `unknown verb ${name}${suggestion(name, names) || ";"} ${commandOfIo(io)} --help lists the verbs`,
  ]);
}

function mainHelp(verbs: readonly VerbEntry[], io: Io, width = 100): string {
  const program = new Command("lathe")
    .description("Fine-tune language models on the machine you own.")
    .usage("VERB [options]")
    .helpOption("-h, --help", `show this help; ${commandOfIo(io)} VERB --help shows a verb's`)
    .option("-V, --version", "show the version")
    .helpCommand(false)
    .configureOutput({ getOutHelpWidth: () => width });
  for (const { name, summary } of verbs) {
    // Named afterwards: a second word would be read as an argument.
    program.command(name.replace(" ", "-"), { hidden: false }).name(name).summary(summary).usage("");
  }
  program.command("schema <verb>").summary("Print the JSON Schema of a verb's config file").usage("");
  return program.helpInformation();
}

function writeSchema(verb: Verb, onOneLine: boolean, io: Io): void {
  const schema = { title: `lathe ${verb.name}`, ...configSchema(verb.options) };
  io.stdout.write(`${JSON.stringify(schema, null, onOneLine ? undefined : 2)}\n`);
}

function languageOf({ language }: CommonFlags, env: Io["env"]): Language {
  if (language === undefined) return systemLanguage(env);
  const known = languageNamed(language);
  if (known === undefined) {
    throw new UsageError([`--language: expected one of ${languages.join(", ")}, got ${language}`]);
  }
  return known;
}

async function runVerb(verb: Verb, words: readonly string[], io: Io, signal: AbortSignal): Promise<number> {
  const { common, flags } = parseLine(verb, words);
  if (common.help) {
    io.stdout.write(helpOf(verb, commandOfIo(io), io.stdout.columns));
    return EXIT_DONE;
  }
  if (common.printSchema) {
    writeSchema(verb, common.json ?? false, io);
    return EXIT_DONE;
  }
  const messages = messagesIn(languageOf(common, io.env));
  const file =
    common.config === undefined ? null : await readConfigFile(common.config, Object.keys(verb.options.shape));
  const resolved = resolveOptions(verb.name, verb.options, flags, file);
  await checkValues(verb.name, verb.options, resolved);
  const { values, given } = resolved;
  const context = contextOf({ json: common.json ?? false, given, io, messages, signal });
  const { json, text, exitCode = EXIT_DONE } = await verb.run(values, context);
  if (common.json) io.stdout.write(`${JSON.stringify(json)}\n`);
  else if (text !== "") io.stdout.write(`${text}\n`);
  return exitCode;
}

function contextOf({
  io,
  messages,
  ...rest
}: Pick<VerbContext, "json" | "given" | "signal"> & { io: Io; messages: Messages }): VerbContext {
  return {
    ...rest,
    io,
    command: commandOfIo(io),
    messages,
    note: (text) => void io.stderr.write(`${text}\n`),
    warn: (text) => void io.stderr.write(`${messages.warning}: ${text}\n`),
    progress: (options) => startProgress(io, messages, options),
  };
}
