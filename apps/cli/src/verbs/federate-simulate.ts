import { EXIT_INTERRUPTED } from "@lathe/command";
import {
  simulateFederation,
  type SimulateFederationOptions,
  tellFederation,
  tellRound,
} from "@lathe/recipes";
import { simulateOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Deals rows to clients, alike or not, and plays the rounds through a mailbox as real ones go, with hostile clients where they are asked for. Noise and samples come from the seed here, so that a simulation's budget protects nobody.",
  examples: [
    "lathe federate simulate --model models/base --data rows.jsonl --validation validation.jsonl --clients 8 --split-by dirichlet --label-column topic --alpha 0.3 --output runs/simulated",
    "lathe federate simulate --model models/base --data rows.jsonl --hostile 2 --rule trimmed-mean --output runs/attacked",
  ],
  options: simulateOptions,
  async run(_values, { narrator, note, recipeOptions }) {
    const rounds = simulateFederation(recipeOptions<SimulateFederationOptions>());
    let next = await rounds.next();
    for (; !next.done; next = await rounds.next()) {
      narrator.end();
      note(tellRound(next.value));
    }
    const summary = next.value;
    return {
      json: { ...summary },
      text: tellFederation(summary.rounds, summary.adapter, summary.delta),
      ...(summary.interrupted ? { exitCode: EXIT_INTERRUPTED } : {}),
    };
  },
});
