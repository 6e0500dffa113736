import { verbs } from "../verbs/index.js";

/** A character of Chinese text. */
export const HAN = /[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]/;

/** Verbs of several words, which are the same in every language. */
const LONG_VERBS = new RegExp(
  `lathe (?:${verbs
    .map(({ name }) => name)
    .filter((name) => name.includes(" "))
    .join("|")})`,
  "gi",
);

/** Words in a row as only a sentence has them; names, flags, values and commands in quotes are none. */
export function hasEnglish(line: string): boolean {
  const told = line.replaceAll(/`[^`]*`|"[^"]*"/g, "").replaceAll(LONG_VERBS, "");
  return /(?:^|[^\w/.-])[a-z]{2,} [a-z]{2,} [a-z]{2,}(?![\w/])/i.test(told);
}
