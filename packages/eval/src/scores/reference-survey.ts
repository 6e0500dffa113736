import { strip } from "@lathe/files";
import { LetterCount } from "./detect-language.js";

/** What holds of the references of all rows, which metrics must know before the first row. */
export interface ReferenceFacts {
  /** Whose rules divide the texts. */
  readonly language: "en" | "zh";
  /** The number of references of each row as signatures write it: a number, or "var" when it differs. */
  readonly referenceCount: string;
  /** The different first references, sorted: the labels, where nothing else says which there are. */
  readonly labels: readonly string[];
  readonly rows: number;
}

/** Different texts beyond which references are no labels; so many are kept. */
const MOST_LABELS = 10_000;

/** Looks at the references of rows one after the other, keeping none of them. */
export class ReferenceSurvey {
  readonly #letters = new LetterCount();
  readonly #labels = new Set<string>();
  #count: number | "var" | null = null;
  #rows = 0;

  /** Looks at the references of a row. */
  add(references: readonly string[]): void {
    this.#rows++;
    if (this.#count === null) this.#count = references.length;
    else if (this.#count !== references.length) this.#count = "var";
    for (const reference of references) this.#letters.add(reference);
    if (this.#labels.size < MOST_LABELS) this.#labels.add(strip(references[0]));
  }

  /** What holds of the rows seen. @param language whose rules divide the texts; `"auto"` by their letters */
  facts(language: "auto" | "en" | "zh" = "auto"): ReferenceFacts {
    return {
      language: language === "auto" ? this.#letters.language : language,
      referenceCount: String(this.#count ?? 0),
      labels: [...this.#labels].sort(),
      rows: this.#rows,
    };
  }
}

/** What holds of references at hand. */
export function surveyReferences(
  references: readonly (readonly string[])[],
  language?: "auto" | "en" | "zh",
): ReferenceFacts {
  const survey = new ReferenceSurvey();
  for (const list of references) survey.add(list);
  return survey.facts(language);
}
