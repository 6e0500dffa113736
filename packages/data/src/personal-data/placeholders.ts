import { PERSONAL_DATA_KINDS, type PersonalDataKind } from "./kinds.js";

/** Language of placeholders. */
export type PlaceholderLanguage = "zh" | "en";

const KIND_OF = new Map<string, PersonalDataKind>(
  Object.entries(PERSONAL_DATA_KINDS).flatMap(([kind, names]) =>
    [names.zh, names.en].map((name) => [name, kind as PersonalDataKind] as const),
  ),
);

/** A placeholder: `[电话1]` or `[PHONE_1]`. */
const PLACEHOLDER = /\[([\p{Script=Han}A-Z_]{1,12}?)_?(\d{1,6})\]/gu;

/** The placeholders of one dialogue: the same datum has the same number in all its turns. */
export class Placeholders {
  readonly #numbers = new Map<string, number>();
  readonly #highest = new Map<PersonalDataKind, number>();

  /** Minds the placeholders that a text has already, so that no new one is taken for them. */
  see(text: string): void {
    if (!text.includes("[")) return;
    for (const [, name, number] of text.matchAll(PLACEHOLDER)) {
      const kind = KIND_OF.get(name);
      if (kind !== undefined) this.#highest.set(kind, Math.max(this.#highest.get(kind) ?? 0, Number(number)));
    }
  }

  /** What stands for a datum. */
  of(kind: PersonalDataKind, value: string, language: PlaceholderLanguage): string {
    const key = `${kind} ${value}`;
    const number = this.#numbers.get(key) ?? (this.#highest.get(kind) ?? 0) + 1;
    this.#numbers.set(key, number);
    this.#highest.set(kind, Math.max(this.#highest.get(kind) ?? 0, number));
    const name = PERSONAL_DATA_KINDS[kind][language];
    return language === "zh" ? `[${name}${number}]` : `[${name}_${number}]`;
  }
}
