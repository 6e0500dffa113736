import { phrase } from "@lathe/files";
import { EXIT_INTERRUPTED } from "@lathe/command";
import {
  coordinateFederation,
  type CoordinateFederationOptions,
  tellFederation,
  tellRound,
} from "@lathe/recipes";
import { coordinateOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Leaves the adapter that a round begins with in the mailbox, waits for the clients' adapters, makes one of them and goes on with it. The rows stay with the clients. What is malformed is refused by its name; a round ends without those that are lost. Ctrl-C ends it; the same command goes on.",
  examples: [
    "lathe federate coordinate --mailbox /shared/fed --model models/base --output runs/coordinator --rounds 10 --clients 4",
    "lathe federate coordinate --mailbox s3://bucket/fed --model models/base --output runs/coordinator --rule trimmed-mean --min-clients 4",
    "lathe federate coordinate --mailbox /shared/fed --model models/base --output runs/coordinator --clients 40 --clip-norm 0.5 --noise-multiplier 1.1 --sampling-rate 0.5",
  ],
  options: coordinateOptions,
  async run(_values, { note, recipeOptions }) {
    const rounds = coordinateFederation({
      ...recipeOptions<CoordinateFederationOptions>(),
      onStanding: ({ round, taken, pending, refused, late }) => {
        const [here, away, out] = [taken.length, pending.length, refused.length];
        note(phrase`round ${round}: ${here} updates here, ${away} on the way, ${out} refused`);
        if (late.length > 0) note(phrase`came when their round was over: ${late.join(", ")}`);
      },
    });
    let next = await rounds.next();
    for (; !next.done; next = await rounds.next()) note(tellRound(next.value));
    const summary = next.value;
    return {
      json: { ...summary },
      text: tellFederation(summary.rounds, summary.adapter, summary.delta),
      ...(summary.interrupted ? { exitCode: EXIT_INTERRUPTED } : {}),
    };
  },
});
