import { phrase } from "@lathe/files";
import { EXIT_INTERRUPTED } from "@lathe/command";
import { joinFederation, type JoinFederationOptions } from "@lathe/recipes";
import { joinOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Waits for the federation in the mailbox, learns from rows of its own in every round, and leaves the adapter there: never a row, a text or a loss. A run that was killed goes on from its newest checkpoint with the same command. The adapter after the last round comes into OUTPUT/adapter.",
  examples: [
    "lathe federate join --mailbox /shared/fed --model models/base --data rows.jsonl --name clinic-a --output runs/clinic-a",
  ],
  options: joinOptions,
  async run(values, { narrator, note, recipeOptions }) {
    const rounds = joinFederation(recipeOptions<JoinFederationOptions>());
    note(phrase`waiting for rounds in ${values.mailbox}`);
    let next = await rounds.next();
    for (; !next.done; next = await rounds.next()) {
      const { round, rows, loss, delivered } = next.value;
      narrator.end();
      note(phrase`round ${round}: learnt from ${rows} rows, loss ${loss?.toFixed(4) ?? "–"}`);
      if (!delivered) note(phrase`round ${round} was over by then: what was learnt is not taken`);
    }
    const summary = next.value;
    return {
      json: { ...summary },
      text: summary.adapter === null ? [] : [phrase`adapter: ${summary.adapter}`],
      ...(summary.interrupted ? { exitCode: EXIT_INTERRUPTED } : {}),
    };
  },
});
