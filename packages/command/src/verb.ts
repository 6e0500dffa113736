import type { Told } from "@lathe/files";
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
  /** Says something to people, on a line of its own. */
  note(text: string): void;
  /** Says that something is not as one would expect. */
  warn(text: string): void;
  /** Shows how far a longer work is. */
  progress(options: ProgressOptions): Progress;
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
  /** Loads the verb's module. */
  readonly load: () => Promise<VerbDefinition<Messages>>;
}
