import type { CommandMessages } from "@lathe/command";
import { phrase, type Phrase, sayPhrase, type Translations } from "@lathe/files";
import { zhPhrases } from "./zh-phrases.js";

/** Languages that messages come in, as `--language` calls them. */
export type Language = "en" | "zh";

/** What the command says, in one language. */
export interface Messages extends CommandMessages {
  readonly language: Language;
}

function messagesIn(language: Language, phrases: Translations): Messages {
  const say = (sentence: Phrase): string => sayPhrase(sentence, phrases);
  return {
    language,
    phrases,
    warning: say(phrase`warning`),
    interrupting: say(phrase`interrupted: finishing up; once more ends at once`),
    outputFault: (reason) => say(phrase`the output could not be written: ${reason}`),
    timeLeft: (duration) => say(phrase`${duration} left`),
  };
}

/** English. */
export const en = messagesIn("en", {});

/** 简体中文。 */
export const zh = messagesIn("zh", zhPhrases);
