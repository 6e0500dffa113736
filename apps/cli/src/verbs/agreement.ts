import { option } from "@lathe/command";
import { ratingLevels } from "@lathe/eval";
import { measureAgreement, type MeasureAgreementOptions, tellAgreement } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";

const options = z.object({
  ratings: option(
    z.string().min(1),
    "ratings, one a row, with the columns unit, annotator, rating: .csv, .tsv, .jsonl, .parquet",
    { placeholder: "file" },
  ),
  level: option(
    z.enum(ratingLevels).default("ordinal"),
    "what is known of ratings: labels, an order, or differences as well",
    { placeholder: "level" },
  ),
});

export const verb = defineVerb({
  description:
    "Gives Krippendorff's alpha, Fleiss' kappa over the units that all rated, and Cohen's kappa averaged over pairs of annotators, unweighted for labels and with quadratic weights for numbers. A missing rating is an empty cell or no row.",
  examples: ["lathe agreement --ratings ratings.csv --level ordinal --json"],
  options,
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
