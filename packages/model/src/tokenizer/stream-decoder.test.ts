import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { loadTokenizer } from "./load-tokenizer.js";
import { createStreamDecoder } from "./stream-decoder.js";
import type { Tokenizer } from "./tokenizer.js";

const SEED = 7;

/** Mulberry32: whole numbers below `limit`, the same for the same seed. */
function wholeNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Ids that are bytes of UTF-8. */
const decodeBytes = (ids: number[]) =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids));

function piecesOf(bytes: Iterable<number>): { pieces: string[]; end: string } {
  const stream = createStreamDecoder(decodeBytes);
  return { pieces: Array.from(bytes, (id) => stream.push(id)), end: stream.end() };
}

describe("over bytes", () => {
  it("gives a character with its last byte", () => {
    expect(piecesOf(Buffer.from("a你😀é"))).toEqual({
      pieces: ["a", "", "", "你", "", "", "", "😀", "", "é"],
      end: "",
    });
  });

  it("gives a character that is cut short only at the end", () => {
    expect(piecesOf(Buffer.from("a你").subarray(0, 3))).toEqual({ pieces: ["a", "", ""], end: "\u{fffd}" });
  });

  it("does not wait on bytes that can no longer become a character", () => {
    expect(piecesOf([0xff, 0xff, 0x61])).toEqual({ pieces: ["", "\u{fffd}", "\u{fffd}a"], end: "" });
    expect(piecesOf([0xe4, 0x61])).toEqual({ pieces: ["", "\u{fffd}a"], end: "" });
  });

  it("gives a U+FFFD that the text itself holds", () => {
    const { pieces, end } = piecesOf(Buffer.from("a\u{fffd}b"));
    expect(pieces.join("") + end).toBe("a\u{fffd}b");
  });

  it("keeps a byte-order mark wherever it stands", () => {
    const { pieces, end } = piecesOf(Buffer.from("\u{feff}a\u{feff}"));
    expect(pieces.join("") + end).toBe("\u{feff}a\u{feff}");
  });

  it("can be used anew after the end", () => {
    const stream = createStreamDecoder(decodeBytes);
    stream.push(0xe4);
    stream.end();
    expect(stream.push(0x61)).toBe("a");
    expect(stream.end()).toBe("");
  });
});

describe.each(["stories260k", "babyllama105"])("with the tokenizer of %s", (name) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = (await loadTokenizer(fileURLToPath(new URL(`../../fixtures/${name}/`, import.meta.url))))!;
  });

  it.each([true, false])(
    `pieces of random ids join to the text of all of them, special tokens skipped: %s (seed ${SEED})`,
    (skipSpecialTokens) => {
      const next = wholeNumbers(SEED);
      for (let round = 0; round < 300; round++) {
        // Ids above the vocabulary stand for the spare rows of an embedding.
        const ids = Array.from({ length: 1 + next(40) }, () => next(tokenizer.vocabularySize + 5));
        const stream = tokenizer.streamDecoder({ skipSpecialTokens });
        const pieces = ids.map((id) => stream.push(id));
        const whole = tokenizer.decode(ids, { skipSpecialTokens });
        expect([...pieces, stream.end()].join(""), `seed ${SEED}, round ${round}: ${ids.join()}`).toBe(whole);
      }
    },
  );
});

it("a blank after a skipped token is kept", async () => {
  const folder = fileURLToPath(new URL("../../fixtures/stories260k/", import.meta.url));
  const tokenizer = (await loadTokenizer(folder))!;
  const once = tokenizer.encode("Once", { addSpecialTokens: false });
  const stream = tokenizer.streamDecoder();
  const pieces = [1, ...once, 2, ...once].map((id) => stream.push(id));
  expect(pieces.join("")).toBe("Once Once");
});
