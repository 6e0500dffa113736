import { ratingLevels } from "@lathe/eval";
import { option } from "@lathe/files";
import { z } from "zod";

/** What `measureAgreement` is asked for. */
export const agreementOptions = z.object({
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
