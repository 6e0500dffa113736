import { fieldsOf, flagOf, UsageError } from "@lathe/command";
import type * as command from "@lathe/command";
import { RecipeError, type RecipeFault } from "@lathe/recipes";
import type { z } from "zod";
import { type Narrator, narrate } from "./narrate.js";
import type { Messages } from "./messages/messages.js";

/** What a verb of `lathe` is given besides its options. */
export interface VerbContext extends command.VerbContext<Messages> {
  /** Says what recipes tell; its bar goes when the verb ends. */
  readonly narrator: Narrator;
  /**
   * What a recipe is called with: the options that were given, each at the field it is for, the signal, and the narrator for
   * its events. What was not given is the recipe's own.
   */
  recipeOptions<Fields extends object>(): Fields;
}

/** What a verb of `lathe` does. */
export type VerbDefinition = command.VerbDefinition<Messages>;

/** A verb of `lathe` as the table holds it. */
export type VerbEntry = command.VerbEntry<Messages>;

/** A verb as its module writes it down: arguments in, one call of a recipe, text and JSON out. */
type WrittenVerb<Options extends z.ZodObject> = Omit<
  command.VerbDefinition<Messages, Options>,
  "run" | "contradictions"
> & {
  /** What contradicts itself among fields of the recipe that are in range by themselves. */
  contradictions?(fields: object): readonly RecipeFault[];
  run(values: z.output<Options>, context: VerbContext): Promise<command.VerbResult>;
};

/**
 * Holds what a verb runs to its own options; the table takes any. Gives it a narrator, and where a recipe finds fault with a
 * field, the message names the flag.
 */
export function defineVerb<Options extends z.ZodObject>(verb: WrittenVerb<Options>): VerbDefinition {
  const { options, contradictions, ...written } = verb;
  const nameOf = (field: string): string => flagOf(options, field);
  return {
    ...written,
    options,
    ...(contradictions && {
      contradictions: (values) =>
        contradictions(fieldsOf(options, values)).flatMap((fault) =>
          new RecipeError([fault]).sentences(nameOf),
        ),
    }),
    async run(values: z.output<Options>, context: command.VerbContext<Messages>) {
      const narrator = narrate(context);
      const { signal, given } = context;
      try {
        return await verb.run(values, {
          ...context,
          narrator,
          recipeOptions: <Fields extends object>() => ({
            ...fieldsOf<Fields>(options, values, given),
            signal,
            onEvent: narrator.onEvent,
          }),
        });
      } catch (error) {
        if (!(error instanceof RecipeError)) throw error;
        throw new UsageError(error.sentences(nameOf), null, { cause: error });
      } finally {
        narrator.end();
      }
    },
  };
}
