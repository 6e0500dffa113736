/**
 * A sentence, or a part of one, as data: a template and what stands in its gaps `{0}`, `{1}` …, so that whoever shows it may
 * say it in another language.
 */
export interface Phrase {
  /** In English. */
  readonly template: string;
  readonly values: readonly (string | number | Phrase)[];
}

/** What stands for templates in another language, by the template; gaps may stand in another order. */
export type Translations = Readonly<Record<string, string>>;

/** A phrase from a template. */
export function phrase(
  texts: TemplateStringsArray,
  ...values: readonly (string | number | Phrase)[]
): Phrase {
  const template = texts.map((text, index) => (index === 0 ? text : `{${index - 1}}${text}`)).join("");
  return { template, values };
}

/** A text as a phrase without gaps. */
export const asPhrase = (text: string | Phrase): Phrase =>
  typeof text === "string" ? { template: text, values: [] } : text;

/** The text of a phrase; what has no translation, a phrase in a gap too, stays English. */
export function sayPhrase({ template, values }: Phrase, translations: Translations = {}): string {
  const known = Object.hasOwn(translations, template) ? translations[template] : template;
  return known.replaceAll(/\{(\d+)\}/g, (gap, index: string) => {
    const value = values[Number(index)];
    if (value === undefined) return gap;
    return typeof value === "object" ? sayPhrase(value, translations) : String(value);
  });
}
