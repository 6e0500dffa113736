import { threefry2x32 } from "@lathe/kernels";
import { expect, it } from "vitest";
import { AddedTokenSplitter } from "./added-token-splitter.js";

it("finds the leftmost token, of those that begin there the longest", () => {
  const letters = ["<", "a", "|", ">", "😀"];
  for (let seed = 1; seed <= 60; seed++) {
    let drawn = 0;
    const draw = (limit: number): number => threefry2x32([seed, 0], [drawn++, 0])[0] % limit;
    const word = (most: number): string =>
      Array.from({ length: 1 + draw(most) }, () => letters[draw(letters.length)]).join("");
    const tokens = [...new Set(Array.from({ length: 6 }, () => word(3)))];
    const splitter = new AddedTokenSplitter(tokens.map((text, id) => ({ text, id })));
    const text = word(30);
    const end = text.length - draw(3);
    for (let from = 0; from <= end; from++) {
      const starts = tokens.flatMap((token, id) => {
        const at = text.slice(0, end).indexOf(token, from);
        return at === -1 ? [] : [{ at, id, length: token.length }];
      });
      const [first] = starts.sort((one, other) => one.at - other.at || other.length - one.length);
      const found = splitter.find(text, from, end);
      const what = `seed ${seed}, from ${from} in ${text}`;
      if (first === undefined) expect(found, what).toBe(Math.max(from, end));
      else {
        expect([found, splitter.foundId, splitter.foundEnd], what).toEqual([
          first.at,
          first.id,
          first.at + first.length,
        ]);
      }
    }
  }
});
