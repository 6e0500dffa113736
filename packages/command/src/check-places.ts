import { checkWritable, FileError, type Phrase, phrase, phraseOfError } from "@lathe/files";
import { Command } from "commander";
import { readMapping } from "./config-file.js";
import { camelCase, kebabCase } from "./property.js";
import { UsageError } from "./usage-error.js";

/** Flags with which a verb says something of itself and writes nothing. */
const ASKING = ["--help", "-h", "--print-schema"];

/**
 * Refuses places at which nothing can be written, by the words of a command line alone: the module of the verb, with all that
 * it does its work by, need not be loaded for that. Words and files that cannot be read are told by who reads all of them.
 *
 * @param places keys of the options that name files or folders which the verb writes
 * @param words what follows the name of the verb, up to `--`
 * @throws UsageError with every fault
 */
export async function checkPlaces(
  verb: string,
  places: readonly string[],
  words: readonly string[],
): Promise<void> {
  if (words.some((word) => ASKING.includes(word))) return;
  const { config, ...flags } = flagsOf(["config", ...places], words);
  const file = config === undefined ? {} : await readMapping(config).catch(() => ({}));
  const given: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(Object.entries(file).map(([name, value]) => [camelCase(name), value])),
    ...flags,
  };
  const faults: Phrase[] = [];
  for (const key of places) {
    const place = Object.hasOwn(given, key) ? given[key] : undefined;
    const fault = typeof place === "string" && place !== "" ? await faultOf(place) : null;
    if (fault !== null) faults.push(phrase`${`--${kebabCase(key)}`}: ${fault}`);
  }
  if (faults.length > 0) throw new UsageError(faults, verb);
}

async function faultOf(place: string): Promise<Phrase | null> {
  try {
    await checkWritable(place);
    return null;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return phraseOfError(error);
  }
}

/** The texts of some options; none where the words cannot be taken apart. */
function flagsOf(keys: readonly string[], words: readonly string[]): Readonly<Record<string, string>> {
  const command = new Command()
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const key of keys) command.option(`--${kebabCase(key)} <text>`);
  try {
    return command.parse([...words], { from: "user" }).opts();
  } catch {
    return {};
  }
}
