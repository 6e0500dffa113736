import { callsTools, type ChatMessage, type ChatRole, type Row } from "./row.js";

/** Texts of a row that cleaning looks at, apart from its kept fields. */
export interface RowTexts {
  /** What the model is given; empty for running text. */
  readonly inputs: readonly string[];
  /** What the model is to say. */
  readonly outputs: readonly string[];
}

/** The texts of a row; none for a row that is tokenised already. */
export function rowTexts(row: Row): RowTexts {
  switch (row.kind) {
    case "pair":
      return { inputs: [row.input], outputs: [row.output] };
    case "completion":
      return { inputs: [row.prompt], outputs: [row.completion] };
    case "messages":
      return { inputs: spokenTexts(row.messages, "user"), outputs: spokenTexts(row.messages, "assistant") };
    case "text":
      return { inputs: [], outputs: [row.text] };
    case "tokens":
      return { inputs: [], outputs: [] };
  }
}

/** What a speaker says; a turn that only calls tools has no text of its own. */
function spokenTexts(messages: readonly ChatMessage[], speaker: ChatRole): string[] {
  return messages
    .filter((message) => message.role === speaker && !(callsTools(message) && !message.content))
    .map(({ content }) => content ?? "");
}

/** The row with `change` applied to every text, and the very same row when that changes nothing. */
export function mapRowTexts(row: Row, change: (text: string) => string): Row {
  switch (row.kind) {
    case "pair": {
      const { system: systemBefore, ...rest } = row;
      const system = change(systemBefore ?? "");
      const input = change(row.input);
      const output = change(row.output);
      if (input === row.input && output === row.output && system === (systemBefore ?? "")) return row;
      return { ...rest, ...(system === "" ? {} : { system }), input, output };
    }
    case "completion": {
      const prompt = change(row.prompt);
      const completion = change(row.completion);
      return prompt === row.prompt && completion === row.completion ? row : { ...row, prompt, completion };
    }
    case "messages": {
      const messages = row.messages.map((message) => mapMessage(message, change));
      return messages.every((message, index) => message === row.messages[index]) ? row : { ...row, messages };
    }
    case "text": {
      const text = change(row.text);
      return text === row.text ? row : { ...row, text };
    }
    case "tokens":
      return row;
  }
}

function mapMessage(message: ChatMessage, change: (text: string) => string): ChatMessage {
  const { content: before, reasoning_content: reasoningBefore } = message;
  const content = before === null ? null : change(before);
  const reasoning = typeof reasoningBefore === "string" ? change(reasoningBefore) : reasoningBefore;
  if (content === before && reasoning === reasoningBefore) return message;
  return { ...message, content, ...(reasoning === undefined ? {} : { reasoning_content: reasoning }) };
}
