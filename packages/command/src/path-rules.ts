import type { OptionPath, Phrase } from "@lathe/files";
import type { CommandMessages } from "./command-messages.js";
import type { VerbContext } from "./verb.js";

/** What {@link PathRules.resolve} works with. */
export type ResolveContext = Pick<
  VerbContext<CommandMessages>,
  "io" | "messages" | "signal" | "note" | "warn" | "progress"
>;

/** What a program does about the texts of options that name files and folders. */
export interface PathRules {
  /** Looks at what lies there. @returns what is wrong with it, or null */
  check(text: string, path: OptionPath): Promise<Phrase | null>;
  /** The path that a text stands for, such as the folder of a download; asked after all checks. */
  resolve(text: string, path: OptionPath, context: ResolveContext): Promise<string>;
}
