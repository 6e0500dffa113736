import { callsTools, type ChatMessage, type ChatRole, type PreferenceSide, type Row } from "./row.js";

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
    case "preference":
      return {
        inputs: sideTexts(row.prompt, "user"),
        outputs: Object.values(row.completions).flatMap((side) => sideTexts(side, "assistant")),
      };
    case "tokens":
    case "preference-tokens":
      return { inputs: [], outputs: [] };
  }
}

const sideTexts = (side: PreferenceSide, speaker: ChatRole): string[] =>
  typeof side === "string" ? [side] : spokenTexts(side, speaker);

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
    case "preference": {
      const prompt = mapSide(row.prompt, change);
      const completions = Object.fromEntries(
        Object.entries(row.completions).map(([key, side]) => [key, mapSide(side, change)]),
      );
      const isSame =
        prompt === row.prompt &&
        Object.entries(completions).every(([key, side]) => side === row.completions[key]);
      return isSame ? row : { ...row, prompt, completions };
    }
    case "tokens":
    case "preference-tokens":
      return row;
  }
}

/** The side with `change` applied to every text, and the very same side when that changes nothing. */
function mapSide(side: PreferenceSide, change: TextChange): PreferenceSide {
  if (typeof side === "string") return change(side, null);
  const messages = side.map((message) => mapMessage(message, change));
  return messages.every((message, index) => message === side[index]) ? side : messages;
}

function mapMessage(message: ChatMessage, change: TextChange): ChatMessage {
  const { role, content: before, reasoning_content: reasoningBefore } = message;
  const content = before === null ? null : change(before, role);
  const reasoning = typeof reasoningBefore === "string" ? change(reasoningBefore, role) : reasoningBefore;
  if (content === before && reasoning === reasoningBefore) return message;
  return { ...message, content, ...(reasoning === undefined ? {} : { reasoning_content: reasoning }) };
}
