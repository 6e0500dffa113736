import { generate, type GenerationOptions, type LanguageModel, type Tokenizer } from "@lathe/model";

/** What a model said. */
export interface Reply {
  /** Without control tokens and from a stop text on; null where there is no tokenizer. */
  readonly text: string | null;
  /** All new ids, the one that ended the reply included. */
  readonly ids: readonly number[];
}

/** The text up to the first of the stop texts, or null when none is in it. */
export function cutAtStop(text: string, stops: readonly string[]): string | null {
  const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
  return places.length === 0 ? null : text.slice(0, Math.min(...places));
}

/** How many characters at the end of a text may be the beginning of a stop text. */
function heldBack(text: string, stops: readonly string[]): number {
  let held = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > held; length--) {
      if (stop.startsWith(text.slice(-length))) held = length;
    }
  }
  return held;
}

/**
 * Continues a prompt and gives out its text as soon as it is certain: never part of a character, nor of a stop text.
 * @param onText receives the pieces; joined they are the reply's text
 */
export async function streamReply(
  model: LanguageModel,
  tokenizer: Tokenizer | null,
  prompt: readonly number[],
  options: GenerationOptions,
  stops: readonly string[] = [],
  onText: (piece: string) => void = () => undefined,
): Promise<Reply> {
  const decoder = tokenizer?.streamDecoder() ?? null;
  const ids: number[] = [];
  let text = "";
  let given = 0;
  const giveUpTo = (end: number): void => {
    if (end > given) onText(text.slice(given, end));
    given = Math.max(given, end);
  };
  for await (const { id } of generate(model, [prompt], options)) {
    ids.push(id);
    if (!decoder) continue;
    text += decoder.push(id);
    const cut = cutAtStop(text, stops);
    if (cut !== null) {
      giveUpTo(cut.length);
      return { text: cut, ids };
    }
    giveUpTo(text.length - heldBack(text, stops));
  }
  if (!decoder) return { text: null, ids };
  text += decoder.end();
  const whole = cutAtStop(text, stops) ?? text;
  giveUpTo(whole.length);
  return { text: whole, ids };
}
