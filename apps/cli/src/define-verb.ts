import { flagOf, UsageError } from "@lathe/command";
import type * as command from "@lathe/command";
import { RecipeError } from "@lathe/recipes";
import type { z } from "zod";
import type { Messages } from "./messages/messages.js";

/** What a verb of `lathe` is given besides its options. */
export type VerbContext = command.VerbContext<Messages>;

/** What a verb of `lathe` does. */
export type VerbDefinition = command.VerbDefinition<Messages>;

/** A verb of `lathe` as the table holds it. */
export type VerbEntry = command.VerbEntry<Messages>;

/**
 * Holds what a verb runs to its own options; the table takes any. Where a recipe finds fault with a field, the message names
 * the flag.
 */
export function defineVerb<Options extends z.ZodObject>(
  definition: command.VerbDefinition<Messages, Options>,
): VerbDefinition {
  const { options } = definition;
  return {
    ...definition,
    async run(values: z.output<Options>, context: VerbContext) {
      try {
        return await definition.run(values, context);
      } catch (error) {
        if (!(error instanceof RecipeError)) throw error;
        throw new UsageError(
          error.sentences((field) => flagOf(options, field)),
          null,
          { cause: error },
        );
      }
    },
  };
}
