import { expect } from "vitest";
import type { TokenConstraint } from "../constrained/constraint.js";
import { TokenTrie } from "../constrained/token-trie.js";

const texts = [
  "{",
  "}",
  '"',
  "name",
  '{"',
  '":',
  '", "',
  "tr",
  "true",
  "12",
  ", ",
  "\n",
  "  ",
  "]",
  "[",
  "\\u00",
];
const words = Array.from(texts, (text) => Buffer.from(text, "utf8"));

/** All bytes and some words. */
const vocabulary = {
  vocabularySize: 257 + words.length,
  tokenBytes: (id: number): Uint8Array | null =>
    id === 256 ? null : id < 256 ? Uint8Array.of(id) : words[id - 257],
};
const END = 256;

/** A vocabulary of all bytes and some words of JSON. */
export const trieOfBytes = (): TokenTrie => new TokenTrie(vocabulary);

/**
 * A text that a model without any sense would write under the grammar; short ones are likelier.
 * @param constraint over `trieOfBytes`
 */
export function babble(constraint: TokenConstraint, draw: () => number): string {
  const reply = constraint.begin();
  const bytes: number[] = [];
  const closing = new Set([...'}]"'].map((sign) => sign.charCodeAt(0)));
  while (!reply.isComplete) {
    const logits = Float32Array.from({ length: vocabulary.vocabularySize }, (_, id) =>
      closing.has(id) || id === END ? 3 * draw() + bytes.length / 100 : draw(),
    );
    reply.apply(logits, new Set([END]));
    const id = logits.indexOf(Math.max(...logits));
    expect(logits[id]).toBeGreaterThan(-Infinity);
    if (id === END) break;
    const text = vocabulary.tokenBytes(id)!;
    reply.push(id, text);
    bytes.push(...text);
    expect(bytes.length).toBeLessThan(20_000);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
}
