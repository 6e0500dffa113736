import { createRequire } from "node:module";
import type * as jieba from "@node-rs/jieba";
import type * as dictionary from "@node-rs/jieba/dict.js";
import { MissingWordsError } from "../errors.js";

/** Cuts Chinese into words. */
export type CutWords = (text: string) => readonly string[];

let segmenter: jieba.Jieba | undefined;

/** What the dictionary and the model are asked about; a character of anything else is a word by itself. */
const block = /([\u4e00-\u9fd5a-zA-Z0-9+#&._%-]+)/u;

/**
 * Where a number follows a mark that is no full stop: jieba begins a new word there, `@node-rs/jieba` takes `3-4` for one.
 */
const markedNumber = /(?<=[a-zA-Z0-9])(?=[+#&_-][0-9])|(?<=[a-zA-Z0-9]%)(?=[0-9])/u;

const lineEndOrCharacter = /\r\n|./gsu;

/**
 * The words of a text as Python's `jieba.cut(text)` of version 0.42 finds them, by its dictionary and its hidden Markov model, which
 * are loaded once. White space and marks are words.
 *
 * @throws MissingWordsError when the package `@node-rs/jieba` is not installed beside this one
 */
export const cutByJieba: CutWords = (text) => {
  const found = (segmenter ??= loadSegmenter());
  // Split by a group, what lies between the blocks is at even places.
  return text
    .split(block)
    .flatMap((part, place) =>
      place % 2 === 0
        ? (part.match(lineEndOrCharacter) ?? [])
        : part.split(markedNumber).flatMap((piece) => found.cut(piece, true)),
    );
};

/** The dictionary takes 14 MB on disk and 100 MB of memory, which only those who ask for these scores pay. */
function loadSegmenter(): jieba.Jieba {
  const require = createRequire(import.meta.url);
  try {
    const { Jieba } = require("@node-rs/jieba") as typeof jieba;
    const { dict } = require("@node-rs/jieba/dict.js") as typeof dictionary;
    return Jieba.withDict(dict);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw cause;
    throw new MissingWordsError("@node-rs/jieba", { cause });
  }
}
