/** Turns ids into text as they come. */
export interface StreamDecoder {
  /** Takes one more id; returns the text that is certain by now, which may be empty. */
  push(id: number): string;
  /** Text held back at the end; a character cut short shows as U+FFFD. The decoder can then be used anew. */
  end(): string;
}

const REPLACEMENT = "\u{fffd}";

/**
 * A decoder whose pieces joined are the text of all ids, and which never gives out part of a character: what follows
 * decides whether a last U+FFFD stands for a character whose other bytes are still to come, so that alone is held back.
 *
 * Only the tokens since the last text given out, and those that gave it, are decoded again: the latter because a
 * decoder treats the start of a text apart, for instance by dropping a blank.
 * @param decode text of ids; "" for no ids
 */
export function createStreamDecoder(decode: (ids: number[]) => string): StreamDecoder {
  let context: number[] = [];
  let pending: number[] = [];
  let givenLength = 0;

  const pendingText = () => decode([...context, ...pending]).slice(decode(context).length);
  return {
    push(id) {
      pending.push(id);
      const text = pendingText();
      const isOpen = text.endsWith(REPLACEMENT);
      const certain = isOpen ? text.slice(0, -REPLACEMENT.length) : text;
      const piece = certain.slice(givenLength);
      givenLength = certain.length;
      // Tokens without text, such as skipped ones, must not become the context: after them a text seems to start.
      if (!isOpen && text !== "") {
        context = pending;
        pending = [];
        givenLength = 0;
      }
      return piece;
    },
    end() {
      const piece = pendingText().slice(givenLength);
      context = [];
      pending = [];
      givenLength = 0;
      return piece;
    },
  };
}
