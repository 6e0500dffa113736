import type { Phrase, Told } from "@lathe/files";
import type { z } from "zod";
import type { Io } from "./io.js";
import type { CommandMessages } from "./command-messages.js";
import type { Progress, ProgressOptions } from "./progress.js";

/** What a verb is given besides its options. */
export interface VerbContext<Messages extends CommandMessages> {
  /** Keys of the options that a flag or the config file gave. */
  readonly given: ReadonlySet<string>;
  /** Whether the result is wanted as JSON. */
  readonly json: boolean;
  readonly io: Io;
  /** What people type to start the command, see {@link Program.command}. */
  readonly command: string;
  readonly messages: Messages;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Says something to people, on a line of its own; a phrase in the language of the messages, with the flags for its fields. */
  note(text: string | Phrase): void;
  /** Says that something is not as one would expect. */
  warn(text: string | Phrase): void;
  /** Shows how far a longer work is. */
  progress(options: ProgressOptions): Progress;
  /**
   * Reads and checks the words of a verb of the same program, without running it.
   * @throws UsageError as the verb itself would
   */
  read(words: readonly string[]): Promise<ReadVerb>;
}

/** A command line that was read and not run. */
export interface ReadVerb {
  /** Name of the verb. */
  readonly verb: string;
  /** Its options, by key: flags over config file over defaults. Names on hubs stand as they were given. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a verb has to say at its end. */
export interface VerbResult {
  /** For `--json`; null where another process says it. */
  readonly json: Readonly<Record<string, unknown>> | null;
  /** For people, in the language of the messages; empty when all was said on the way. */
  readonly text: string | Told;
  /** @defaultValue 0 */
  readonly exitCode?: number;
}

/** What a verb does: arguments in, library calls, a result out. */
export interface VerbDefinition<Messages extends CommandMessages, Options extends z.ZodObject = z.ZodObject> {
  /** What the help says below the summary. */
  readonly description?: string;
  readonly examples: readonly string[];
  /** Types, checks, flags, help and the config file's shape all come from here. */
  readonly options: Options;
  /** Key of an option, of one text, that may be given without its flag. */
  readonly positional?: string;
  /** Key of an option, a list of texts, that takes all words after `--` as they stand. */
  readonly rest?: string;
  /**
   * What contradicts itself among options that are in range by themselves. {@link run} refuses that too; it is asked for where other
   * options are out of range, so that all is said at once.
   * @param values what was given, without options out of range
   * @returns a sentence each, without its full stop
   */
  contradictions?(values: Readonly<Record<string, unknown>>): readonly (string | Phrase)[];
  /** Does the work. */
  run(options: z.output<Options>, context: VerbContext<Messages>): Promise<VerbResult>;
}

/** A verb under its name. */
export interface Verb<Messages extends CommandMessages> extends VerbDefinition<Messages> {
  readonly name: string;
  readonly summary: string;
}

/** A verb as the table holds it: its module is loaded when it is called for. */
export interface VerbEntry<Messages extends CommandMessages> {
  readonly name: string;
  /** One line for the list of verbs and the head of the help. */
  readonly summary: string;
  /** Keys of options that name files or folders which the verb writes; they are looked at before its module is loaded. */
  readonly places?: readonly string[];
  /** Loads the verb's module. */
  readonly load: () => Promise<VerbDefinition<Messages>>;
}
