import { privacyLedger, type PrivacyLedgerOptions, tellLedger } from "@lathe/recipes";
import { ledgerOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Finds the epsilon that rounds of clipped and noisy updates come to for a delta, by Rényi divergences of the subsampled Gaussian mechanism, or the least noise that keeps an epsilon. It holds for whole clients, against everyone who sees the adapters of all rounds.",
  examples: [
    "lathe federate ledger --noise-multiplier 1.1 --sampling-rate 0.1 --rounds 100 --delta 1e-5 --json",
    "lathe federate ledger --epsilon 8 --sampling-rate 0.1 --rounds 100",
  ],
  options: ledgerOptions,
  async run(_values, { recipeOptions }) {
    const ledger = privacyLedger(recipeOptions<PrivacyLedgerOptions>());
    return await Promise.resolve({ json: { ...ledger }, text: tellLedger(ledger) });
  },
});
