import { conversationOf, type Row } from "@lathe/data";
import { type LabelledRow, type Tokenizer, UNSCORED } from "@lathe/model";
import type { ShownRow, ShownToken, TokenRole } from "@lathe/report";

/** A stretch of a row's text and who says it. */
interface Said {
  readonly role: TokenRole;
  readonly text: string;
}

/** Losses of a row's tokens, in nats; null where a token is not learnt. */
export type TokenLosses = readonly (number | null)[];

/** A row's tokens with their texts, who speaks in each, and whether it is learnt. */
export function shownRow(
  place: string,
  row: Row,
  { inputIds, labels }: LabelledRow,
  tokenizer: Pick<Tokenizer, "streamDecoder">,
  losses: { readonly before: TokenLosses | null; readonly after: TokenLosses | null },
): ShownRow {
  const texts = tokenTexts(inputIds, tokenizer);
  const roles = rolesIn(texts.join(""), saidIn(row));
  let at = 0;
  const tokens = texts.map((text, index): ShownToken => {
    const role = roles[at] ?? "template";
    at += text.length;
    return {
      id: inputIds[index],
      text,
      role,
      isLearnt: index > 0 && labels[index] !== UNSCORED,
      lossBefore: losses.before?.[index] ?? null,
      lossAfter: losses.after?.[index] ?? null,
    };
  });
  return { place, tokens };
}

/** What each token adds to the text, special tokens written out; a character of several tokens is of the last of them. */
function tokenTexts(ids: Int32Array, tokenizer: Pick<Tokenizer, "streamDecoder">): string[] {
  const decoder = tokenizer.streamDecoder({ skipSpecialTokens: false });
  const texts = Array.from(ids, (id) => decoder.push(id));
  if (texts.length > 0) texts[texts.length - 1] += decoder.end();
  return texts;
}

function saidIn(row: Row): Said[] {
  const conversation = conversationOf(row);
  if (conversation !== null) {
    return conversation.messages.map(({ role, content }) => ({ role, text: content ?? "" }));
  }
  if (row.kind === "completion") {
    return [
      { role: "user", text: row.prompt },
      { role: "assistant", text: row.completion },
    ];
  }
  return row.kind === "text" ? [{ role: "text", text: row.text }] : [];
}

/** Of every UTF-16 unit of a row's text who says it. A template may trim what is said and puts its own text between. */
function rolesIn(whole: string, said: readonly Said[]): TokenRole[] {
  const roles = new Array<TokenRole>(whole.length).fill("template");
  let from = 0;
  for (const { role, text } of said) {
    const trimmed = text.trim();
    const at = trimmed === "" ? -1 : whole.indexOf(trimmed, from);
    if (at === -1) continue;
    from = at + trimmed.length;
    roles.fill(role, at, from);
  }
  return roles;
}
