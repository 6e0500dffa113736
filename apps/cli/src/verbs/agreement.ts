import { measureAgreement, type MeasureAgreementOptions, tellAgreement } from "@lathe/recipes";
import { agreementOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Gives Krippendorff's alpha, Fleiss' kappa over the units that all rated, and Cohen's kappa averaged over pairs of annotators, unweighted for labels and with quadratic weights for numbers. A missing rating is an empty cell or no row.",
  examples: ["lathe agreement --ratings ratings.csv --level ordinal --json"],
  options: agreementOptions,
  async run(_values, { recipeOptions }) {
    const measured = await measureAgreement(recipeOptions<MeasureAgreementOptions>());
    const { alpha, fleissKappa, cohenKappa, pairs, units, annotators, level } = measured;
    return {
      json: {
        alpha,
        fleissKappa,
        cohenKappa,
        level,
        units: units.length,
        annotators,
        pairs,
      },
      text: tellAgreement(measured),
    };
  },
});
