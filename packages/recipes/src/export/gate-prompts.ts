import type { OpenedModel } from "../model/open-model.js";

/** Questions in the languages that most models here were trained on. */
const questions = [
  "Where can I see what has become of my order?",
  "请问订单什么时候发货？",
  "Once upon a time there was a little dog",
  "写一句关于秋天的话。",
  "What is 17 times 24?",
  "如何办理退货？",
  "List three colours.",
  "你好，附近有什么好吃的？",
] as const;

/** Numbers of tokens in a row of ids, half of which are the prompt. */
const ID_ROW = 16;

/** Prompts to prove an export on where none are given, as rows: messages, running text or ids, whichever the model reads. */
export function gatePrompts({
  tokenizer,
  config,
}: Pick<OpenedModel, "tokenizer" | "config">): readonly Readonly<Record<string, unknown>>[] {
  if (tokenizer === null) {
    return questions.map((_, row) => ({
      input_ids: Array.from(
        { length: ID_ROW },
        (_, i) => (7 + 31 * row + 13 * i * i) % config.vocabularySize,
      ),
    }));
  }
  return questions.map((text) => (tokenizer.hasChatTemplate ? { input: text, output: text } : { text }));
}
