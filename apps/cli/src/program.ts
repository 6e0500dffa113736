import { nameAmong, type Program } from "@lathe/command";
import { namesElsewhere } from "@lathe/recipes/elsewhere";
import { withVerbs } from "./messages/with-verbs.js";
import { languageOfWords, messagesByLanguage } from "./messages/language.js";
import type { Messages } from "./messages/messages.js";
import { verbs } from "./verbs/index.js";
import { version } from "./version.js";

/** The command `lathe`. */
export const program: Program<Messages> = {
  name: "lathe",
  command: "lathe",
  summary: "Fine-tune language models on the machine you own.",
  version,
  verbs,
  languages: messagesByLanguage,
  languageOfWords,
  say: withVerbs,
  nameHere: (name, keys) => nameAmong(namesElsewhere, name, keys),
};
