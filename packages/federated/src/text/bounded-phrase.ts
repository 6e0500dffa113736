import { asPhrase, type Phrase } from "@lathe/files";
import { boundedText } from "./bounded-text.js";

/** Characters of a text in a phrase that are kept: those of our own are shorter. */
const KEPT = 300;

/** A phrase with the beginnings of whatever stands in it, which may come from another party. */
export function boundedPhrase(sentence: string | Phrase): Phrase {
  const { template, values } = asPhrase(sentence);
  return {
    template: boundedText(template, KEPT),
    values: values.map((value) => {
      if (typeof value === "string") return boundedText(value, KEPT);
      if (typeof value !== "object") return value;
      return "field" in value ? { field: boundedText(value.field, KEPT) } : boundedPhrase(value);
    }),
  };
}
