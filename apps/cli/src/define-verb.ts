import type * as command from "@lathe/command";
import type { z } from "zod";
import type { Messages } from "./messages/messages.js";

/** What a verb of `lathe` is given besides its options. */
export type VerbContext = command.VerbContext<Messages>;

/** What a verb of `lathe` does. */
export type VerbDefinition = command.VerbDefinition<Messages>;

/** A verb of `lathe` as the table holds it. */
export type VerbEntry = command.VerbEntry<Messages>;

/** Holds what a verb runs to its own options; the table takes any. */
export function defineVerb<Options extends z.ZodObject>(
  definition: command.VerbDefinition<Messages, Options>,
): VerbDefinition {
  return definition;
}
