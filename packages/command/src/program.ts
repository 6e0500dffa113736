import type { CommandMessages } from "./command-messages.js";
import type { Io } from "./io.js";
import type { PathRules } from "./path-rules.js";
import type { VerbEntry } from "./verb.js";

/** What a name of an option that other programs have is here. */
export interface NameHere {
  /** Key of the option. */
  readonly key: string;
  /** The value that says the same, where it is one of several. */
  readonly value: string | null;
}

/** A command with verbs: what {@link runCommandLine} runs. */
export interface Program<Messages extends CommandMessages> {
  readonly name: string;
  /** What people type to start it: the name where that is on their path, else e.g. `npx NAME`. */
  readonly command: string;
  readonly summary: string;
  readonly version: string;
  /** In the order of the help. */
  readonly verbs: readonly VerbEntry<Messages>[];
  /** By the names that `--language` takes. */
  readonly languages: Readonly<Record<string, Messages>>;
  /** Name of the language to speak: that of `--language` among the words before `--`, where it is one of them, else the system's. */
  readonly languageOfWords: (words: readonly string[], env: Io["env"]) => string;
  /** An error's message in the words of the command, e.g. with a verb for the function that a library names. */
  readonly say?: (message: string, command: string) => string;
  /** Finds what an unknown option is called here. @param keys of the verb's options */
  readonly nameHere?: (name: string, keys: readonly string[]) => NameHere | null;
  /** What is done about options that name files and folders; nothing unless given. */
  readonly paths?: PathRules;
}
