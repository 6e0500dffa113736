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

/** Who says a text of a row: a role, or nobody where the row is raw or running text. */
export type TextSpeaker = ChatRole | null;

/** Changes one text of a row. */
type TextChange = (text: string, speaker: TextSpeaker) => string;

/** The row with `change` applied to every text, and the very same row when that changes nothing. */
export function mapRowTexts(row: Row, change: TextChange): Row {
  switch (row.kind) {
    case "pair": {
      const { system: systemBefore, ...rest } = row;
      const system = change(systemBefore ?? "", "system");
      const input = change(row.input, "user");
      const output = change(row.output, "assistant");
      if (input === row.input && output === row.output && system === (systemBefore ?? "")) return row;
      return { ...rest, ...(system === "" ? {} : { system }), input, output };
    }
    case "completion": {
      const prompt = change(row.prompt, null);
      const completion = change(row.completion, null);
      return prompt === row.prompt && completion === row.completion ? row : { ...row, prompt, completion };
    }
    case "messages": {
      const messages = row.messages.map((message) => mapMessage(message, change));
      return messages.every((message, index) => message === row.messages[index]) ? row : { ...row, messages };
    }
    case "text": {
      const text = change(row.text, null);
      return text === row.text ? row : { ...row, text };
    }
    case "tokens":
      return row;
  }
}

function mapMessage(message: ChatMessage, change: TextChange): ChatMessage {
  const { role, content: before, reasoning_content: reasoningBefore } = message;
  const content = before === null ? null : change(before, role);
  const reasoning = typeof reasoningBefore === "string" ? change(reasoningBefore, role) : reasoningBefore;
  if (content === before && reasoning === reasoningBefore) return message;
  return { ...message, content, ...(reasoning === undefined ? {} : { reasoning_content: reasoning }) };
}
