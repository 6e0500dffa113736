import { useLayoutEffect, useState } from "preact/hooks";
import { BrowserStore } from "./browser-store.js";
import type { Language } from "./words.js";

const settings = new BrowserStore("lathe:");

const languageOfBrowser = (): Language =>
  navigator.languages.some((language) => language.toLowerCase().startsWith("zh")) ? "zh" : "en";

const codes: Readonly<Record<Language, string>> = { en: "en", zh: "zh-CN" };

/** The language of the page, and the other one that a button changes to. */
export interface ChosenLanguage {
  readonly language: Language;
  /** The other language's code, for the button that names it. */
  readonly otherCode: string;
  /** Changes to the other language, which the browser keeps for all pages of Lathe. */
  readonly change: () => void;
}

/**
 * The language that was chosen last, else the browser's; the page says it and has its title in it.
 * @param titleIn the page's title in a language
 */
export function useLanguage(titleIn: (language: Language) => string): ChosenLanguage {
  const [language, setLanguage] = useState(() => settings.get<Language>("language") ?? languageOfBrowser());
  // Before any request is made, which says the language too.
  useLayoutEffect(() => {
    document.documentElement.lang = codes[language];
    document.title = `${titleIn(language)} – Lathe`;
  }, [language]);
  const other: Language = language === "en" ? "zh" : "en";
  const change = (): void => {
    settings.set("language", other);
    setLanguage(other);
  };
  return { language, otherCode: codes[other], change };
}
