import { formatTable, option } from "@lathe/command";
import { ratingLevels } from "@lathe/eval";
import { measureAgreement, type MeasureAgreementOptions } from "@lathe/recipes";
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

const shown = (value: number | null): string => (value === null ? "–" : value.toFixed(3));

export const verb = defineVerb({
  description:
    "Gives Krippendorff's alpha, Fleiss' kappa over the units that all rated, and Cohen's kappa averaged over pairs of annotators, unweighted for labels and with quadratic weights for numbers. A missing rating is an empty cell or no row.",
  examples: ["lathe agreement --ratings ratings.csv --level ordinal --json"],
  options,
  async run(_values, { messages, recipeOptions }) {
    const measured = await measureAgreement(recipeOptions<MeasureAgreementOptions>());
    const { alpha, fleissKappa, cohenKappa, pairs, units, annotators, level } = measured;
    const { words, ratingsIn } = messages;
    const weights = level === "nominal" ? "unweighted" : "quadratic";
    const overall = formatTable(
      [words.agreement, words.value],
      [
        [`Krippendorff α (${level})`, shown(alpha)],
        ["Fleiss κ", shown(fleissKappa)],
        [`Cohen κ (${weights})`, shown(cohenKappa)],
        ...pairs.map((pair) => [
          `  ${pair.annotators.join(" – ")}, ${pair.units}`,
          shown(pair.kappa[weights] ?? null),
        ]),
      ],
    );
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
      text: `${overall}\n${ratingsIn(units.length, annotators.length)}`,
    };
  },
});
