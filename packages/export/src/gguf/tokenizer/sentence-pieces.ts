/** The mark that stands for a space in vocabularies of SentencePiece. */
export const SPACE_MARK = "▁";

/** What llama.cpp knows of a vocabulary of SentencePiece's kind. */
export interface SentencePieces {
  /** Ids by text. */
  readonly ids: ReadonlyMap<string, number>;
  /** Scores by id; of two neighbours that make tokens, those of the higher score are joined first. */
  readonly scores: readonly number[];
}

/** The token of a byte, e.g. `<0x0A>`. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/**
 * Ids as llama.cpp makes them of a text under a vocabulary of SentencePiece's kind: characters that are joined in pairs, the pair of the
 * highest score first and of equal ones the leftmost; what is no token falls apart into bytes.
 * @returns null where a byte has no token, on which llama.cpp fails
 */
export function encodeSentencePieces({ ids, scores }: SentencePieces, text: string): number[] | null {
  const pieces = [...`${SPACE_MARK}${text.replaceAll(" ", SPACE_MARK)}`];
  for (;;) {
    let [best, place] = [-Infinity, -1];
    for (let i = 0; i + 1 < pieces.length; i++) {
      const id = ids.get(pieces[i] + pieces[i + 1]);
      if (id !== undefined && scores[id] > best) [best, place] = [scores[id], i];
    }
    if (place < 0) break;
    pieces.splice(place, 2, pieces[place] + pieces[place + 1]);
  }
  const found: number[] = [];
  for (const piece of pieces) {
    const whole = ids.get(piece);
    if (whole !== undefined) {
      found.push(whole);
      continue;
    }
    for (const byte of Buffer.from(piece, "utf8")) {
      const id = ids.get(byteToken(byte));
      if (id === undefined) return null;
      found.push(id);
    }
  }
  return found;
}
