import { en, type Language, type Messages, zh } from "./messages.js";

/** The messages of every language. */
export const messagesByLanguage: Readonly<Record<Language, Messages>> = { en, zh };

type Environment = Readonly<Record<string, string | undefined>>;

/** The language of the system, by the variables that POSIX has for it; English where it is none of ours. */
export function systemLanguage(env: Environment): Language {
  const locale = env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/**
 * The language of what is said before a command line has been understood: that of its `--language`, else the system's.
 * @param words what follows the name of the program
 */
export function languageOfWords(words: readonly string[], env: Environment): Language {
  const asked = words.flatMap((word, index) => {
    const [, joined] = /^--language(?:=(.*))?$/s.exec(word) ?? [null, null];
    return joined === null ? [] : [joined ?? words[index + 1] ?? ""];
  });
  const last = asked.at(-1);
  return last === "en" || last === "zh" ? last : systemLanguage(env);
}
