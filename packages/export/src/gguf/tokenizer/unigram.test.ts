import { expect, it } from "vitest";
import { encodeUnigram } from "./unigram.js";

const pieces = ["<unk>", "▁", "a", "b", "ab", "▁a", "abc"];
const ids = new Map(pieces.map((piece, id) => [piece, id] as const).filter(([, id]) => id > 0));

// What Python's tokenizers 0.23.2 makes of them with the normalizer of SentencePiece and fuse_unk.
it.each<[text: string, scores: readonly number[], found: readonly number[]]>([
  ["ab", [0, -1, -1, -1, -1, -1, -1], [1, 4]],
  ["a b", [0, -2, -3, -3, -9, -4, -9], [5, 1, 3]],
  ["xyz", [0, -1, -1, -1, -1, -1, -1], [1, 0]],
  ["a日本b", [0, -1, -1, -1, -1, -1, -1], [5, 0, 3]],
  ["abc", [0, -1, -1, -1, -1, -1, -1], [1, 6]],
  ["", [0, -1, -1, -1, -1, -1, -1], []],
])("cuts %j", (text, scores, found) => {
  expect(encodeUnigram({ ids, scores, unknownId: 0 }, text)).toEqual(found);
});
