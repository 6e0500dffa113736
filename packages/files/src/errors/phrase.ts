/** A field of what a function was asked for, by its path: `output`, `lora.rank`, `train.learningRate`. */
export interface FieldName {
  readonly field: string;
}

/** What stands in a gap. */
export type PhraseValue = string | number | Phrase | FieldName;

/**
 * A sentence, or a part of one, as data: a template and what stands in its gaps `{0}`, `{1}` …, so that whoever shows it may
 * say it in another language.
 */
export interface Phrase {
  /** In English. */
  readonly template: string;
  readonly values: readonly PhraseValue[];
}

/** What stands for templates in another language, by the template; gaps may stand in another order. */
export type Translations = Readonly<Record<string, string>>;

/** A phrase from a template. */
export function phrase(texts: TemplateStringsArray, ...values: readonly PhraseValue[]): Phrase {
  const template = texts.map((text, index) => (index === 0 ? text : `{${index - 1}}${text}`)).join("");
  return { template, values };
}

/** A text as a phrase without gaps. */
export const asPhrase = (text: string | Phrase): Phrase =>
  typeof text === "string" ? { template: text, values: [] } : text;

/** Names a field in a {@link phrase}, so that whoever shows it may call it otherwise, such as by the flag for it. */
export const field = (path: string): FieldName => ({ field: path });

/**
 * The text of a phrase, or of a text as a phrase without gaps; what has no translation, a phrase in a gap too, stays English.
 * @param nameOf what a field is called, by its path; the path unless given
 */
export function sayPhrase(
  sentence: string | Phrase,
  translations: Translations = {},
  nameOf: (path: string) => string = (path) => path,
): string {
  const { template, values } = asPhrase(sentence);
  const known = Object.hasOwn(translations, template) ? translations[template] : template;
  return known.replaceAll(/\{(\d+)\}/g, (gap, index: string) => {
    const value = values[Number(index)];
    if (value === undefined) return gap;
    if (typeof value !== "object") return String(value);
    return "field" in value ? nameOf(value.field) : sayPhrase(value, translations, nameOf);
  });
}

/** Phrases one after the other, with semicolons between them. */
export function joinPhrases(phrases: readonly Phrase[]): Phrase {
  const [first = asPhrase(""), ...rest] = phrases;
  return rest.reduce((before, next) => phrase`${before}; ${next}`, first);
}

/** Phrases below each other, a line each. */
export const phraseOfLines = (lines: readonly Phrase[]): Phrase => ({
  template: lines.map((_, index) => `{${index}}`).join("\n"),
  values: lines,
});

/** The phrase with the control characters of what stands in its gaps as spaces; its template keeps its lines. */
export function onOneLine({ template, values }: Phrase): Phrase {
  const clean = (text: string): string => text.replaceAll(/\p{Cc}+/gu, " ");
  return {
    template: values.length === 0 ? clean(template) : template,
    values: values.map((value) =>
      typeof value === "string"
        ? clean(value)
        : typeof value === "object" && !("field" in value)
          ? onOneLine(value)
          : value,
    ),
  };
}

/** Where something is wrong, what was expected there, what came and, where there is one, what to do about it. */
export function expectationPhrase(
  place: string | Phrase,
  expected: string | Phrase,
  actual: string | Phrase,
  remedy?: string | Phrase,
): Phrase {
  const wanted = asPhrase(expected);
  const came = asPhrase(actual);
  return remedy === undefined
    ? phrase`${place}: expected ${wanted}, got ${came}`
    : phrase`${place}: expected ${wanted}, got ${came}; ${asPhrase(remedy)}`;
}
