import { type ChatMessage, type RowTokenizer, UNSCORED } from "../src/index.js";

/** Token texts that are one id each; every other UTF-16 unit is 1000 + its code. */
export const SPECIAL_TOKENS = [
  "<begin>",
  "<end>",
  "<User>",
  "<Assistant>",
  "<think>",
  "</think>",
  "<|im_start|>",
  "<|im_end|>",
];

const SPECIAL = new RegExp(`(${SPECIAL_TOKENS.map((token) => token.replaceAll("|", "\\|")).join("|")})`);

/** Encodes characters, with the special tokens in one piece, so that ids can be read back in tests. */
export function encodeCharacters(text: string): number[] {
  return text
    .split(SPECIAL)
    .flatMap((part, index) =>
      index % 2 === 1
        ? [SPECIAL_TOKENS.indexOf(part)]
        : Array.from({ length: part.length }, (_, at) => 1000 + part.charCodeAt(at)),
    );
}

/** The text of ids that {@link encodeCharacters} made. */
export function decodeCharacters(ids: Iterable<number>): string {
  return Array.from(ids, (id) => (id < 1000 ? SPECIAL_TOKENS[id] : String.fromCharCode(id - 1000))).join("");
}

/** The text of a tokenised row with the scored stretches in brackets. @throws Error where a label is not the id at its place */
export function marked({
  inputIds,
  labels,
}: {
  readonly inputIds: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}): string {
  let text = "";
  let open = false;
  for (let position = 0; position < inputIds.length; position++) {
    const scored = labels[position] !== UNSCORED;
    if (scored && labels[position] !== inputIds[position])
      throw new Error(`label ${labels[position]} at the id ${inputIds[position]}`);
    if (scored !== open) text += scored ? "[" : "]";
    open = scored;
    text += decodeCharacters([inputIds[position]]);
  }
  return text + (open ? "]" : "");
}

/** A tokenizer over characters with a chat template, or none. */
export function characterTokenizer(
  renderChat?: (messages: readonly ChatMessage[], generate: boolean) => string,
  end = "<end>",
): RowTokenizer {
  const beginOfSequenceId = SPECIAL_TOKENS.indexOf("<begin>");
  return {
    encode: (text, options) => [
      ...(options?.addSpecialTokens === true ? [beginOfSequenceId] : []),
      ...encodeCharacters(text),
    ],
    ...(renderChat === undefined
      ? {}
      : { renderChat: (messages, { addGenerationPrompt }) => renderChat(messages, addGenerationPrompt) }),
    beginOfSequenceId,
    endOfSequenceId: SPECIAL_TOKENS.indexOf(end),
  };
}

/** A template that renders every turn the same wherever it stands. */
export function plainTemplate(messages: readonly ChatMessage[], generate: boolean): string {
  const turns = messages.map(({ role, content }) => {
    if (role === "assistant") return `<Assistant>${content}<end>`;
    return role === "user" ? `<User>${content}` : content;
  });
  return `<begin>${turns.join("")}${generate ? "<Assistant>" : ""}`;
}

/** In the manner of DeepSeek-R1's distills: opens the reasoning in the prompt and drops it from every finished turn. */
export function distillTemplate(messages: readonly ChatMessage[], generate: boolean): string {
  const stripped = messages.map((message) =>
    message.role === "assistant"
      ? { ...message, content: (message.content ?? "").split("</think>").at(-1) ?? "" }
      : message,
  );
  return plainTemplate(stripped, generate) + (generate ? "<think>\n" : "");
}

/** In the manner of Qwen3: keeps (or, if there is none, adds) reasoning after the last question, drops it before. */
export function qwen3Template(messages: readonly ChatMessage[], generate: boolean): string {
  const lastQuestion = messages.findLastIndex(({ role }) => role === "user");
  const turns = messages.map(({ role, content }, index) => {
    if (role !== "assistant") return `<|im_start|>${role}\n${content}<|im_end|>\n`;
    const [, reasoning = "", answer = content] =
      /^<think>\n?([\s\S]*?)\n?<\/think>\n*([\s\S]*)$/.exec(content ?? "") ?? [];
    const thought = index > lastQuestion ? `<think>\n${reasoning}\n</think>\n\n` : "";
    return `<|im_start|>assistant\n${thought}${answer}<|im_end|>\n`;
  });
  return turns.join("") + (generate ? "<|im_start|>assistant\n" : "");
}
