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
  // Not before a path is looked at: what tells of models and rows brings every recipe with it.
  paths: {
    check: async (...path) => (await import("./path-rules.js")).pathRules.check(...path),
    resolve: async (...path) => (await import("./path-rules.js")).pathRules.resolve(...path),
  },
  nameHere: (name, keys) => nameAmong(namesElsewhere, name, keys),
};
