import { SPACE_MARK } from "./sentence-pieces.js";

/** What llama.cpp knows of a vocabulary whose pieces have scores, and in which one token stands for what is no piece. */
export interface UnigramPieces {
  /** Ids by text. */
  readonly ids: ReadonlyMap<string, number>;
  /** Scores by id; the pieces of a text are those with the largest sum. */
  readonly scores: readonly number[];
  /** The token of characters that are no piece. */
  readonly unknownId: number;
}

/** By how much an unknown character is below the piece of the lowest score, in llama.cpp and in Python's tokenizers alike. */
const UNKNOWN_PENALTY = 10;

/** Spaces as their marks, one put before a text that is not all spaces. */
function marked(text: string): string {
  const begin = /[^ ]/.test(text) ? SPACE_MARK : "";
  return `${begin}${text.replaceAll(" ", SPACE_MARK)}`;
}

/**
 * Ids as llama.cpp makes them of a text under such a vocabulary: the pieces whose scores have the largest sum, of equal sums the one
 * whose last piece begins first; neighbouring unknown characters are one token.
 */
export function encodeUnigram({ ids, scores, unknownId }: UnigramPieces, text: string): number[] {
  const characters = [...marked(text)];
  const [longest, lowest] = [...ids].reduce(
    ([length, score], [piece, id]) => [Math.max(length, [...piece].length), Math.min(score, scores[id])],
    [1, Infinity],
  );
  const best = Array.from(characters, () => ({ id: unknownId, start: 0, sum: -Infinity }));
  const sumUpTo = (place: number): number => (place === 0 ? 0 : best[place - 1].sum);
  const offer = (id: number, start: number, end: number, score: number): void => {
    const sum = sumUpTo(start) + score;
    if (sum > best[end - 1].sum) best[end - 1] = { id, start, sum };
  };
  for (let start = 0; start < characters.length; start++) {
    for (let end = start + 1; end <= Math.min(start + longest, characters.length); end++) {
      const id = ids.get(characters.slice(start, end).join(""));
      if (id !== undefined) offer(id, start, end, scores[id]);
    }
    if (!ids.has(characters[start])) offer(unknownId, start, start + 1, lowest - UNKNOWN_PENALTY);
  }
  const found: number[] = [];
  for (let end = characters.length; end > 0; end = best[end - 1].start) {
    const { id } = best[end - 1];
    if (id !== unknownId || found.at(-1) !== unknownId) found.push(id);
  }
  return found.reverse();
}
