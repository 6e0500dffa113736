import { threefry2x32 } from "@lathe/kernels";
import { describe, expect, it } from "vitest";
import { SamplingError } from "./sampling-error.js";
import { createStopCutter, cutAtStop } from "./stop-texts.js";

describe("cutAtStop", () => {
  it("cuts at the first of all stop texts", () => {
    expect(cutAtStop("one two three", ["three", "two"])).toBe("one ");
    expect(cutAtStop("stop at once", ["stop"])).toBe("");
    expect(cutAtStop("nothing here", ["###"])).toBeNull();
    expect(cutAtStop("nothing here", [])).toBeNull();
  });
});

describe("createStopCutter", () => {
  it("gives out what cannot be part of a stop text, and the rest when it is none", () => {
    const cutter = createStopCutter(["User:", "\n\n"]);
    expect(
      ["Hello\n", "there", " Us", "er", " is", "\n", "\nmore"].map((piece) => cutter.push(piece)),
    ).toEqual(["Hello", "\nthere", " ", "", "User is", "", ""]);
    expect(cutter.stopped).toBe(true);
    expect(cutter.push("more")).toBe("");
    expect(cutter.end()).toBe("");
  });

  it("gives the text held back at the end", () => {
    const cutter = createStopCutter(["###"]);
    expect(cutter.push("a##")).toBe("a");
    expect(cutter.end()).toBe("##");
    expect(cutter.stopped).toBe(false);
  });

  it("holds back no more than the beginning of a stop text, and gives what a cut of the whole gives", () => {
    for (let seed = 0; seed < 500; seed++) {
      let counter = 0;
      const below = (limit: number): number => threefry2x32([seed, 0], [counter++, 0])[0] % limit;
      const word = (length: number): string => Array.from({ length }, () => "abc"[below(3)]).join("");
      const stop = Array.from({ length: below(3) }, () => word(2 + below(4)));
      const cutter = createStopCutter(stop);
      let all = "";
      let given = "";
      for (let pieces = 0; pieces < 10 && !cutter.stopped; pieces++) {
        const piece = word(below(4));
        all += piece;
        given += cutter.push(piece);
        const cut = cutAtStop(all, stop);
        expect(cutter.stopped, `seed ${seed}`).toBe(cut !== null);
        if (cut !== null) {
          expect(given, `seed ${seed}`).toBe(cut);
        } else {
          expect(all.startsWith(given), `seed ${seed}`).toBe(true);
          const held = all.slice(given.length);
          const begins = stop.some((one) => one.length > held.length && one.startsWith(held));
          expect(held === "" || begins, `seed ${seed}, held ${held}`).toBe(true);
        }
      }
      if (!cutter.stopped) expect(given + cutter.end(), `seed ${seed}`).toBe(all);
    }
  });

  it("refuses an empty stop text", () => {
    expect(() => createStopCutter(["a", ""])).toThrow(
      new SamplingError("stop[1]", "a text of at least one character", "none"),
    );
  });
});
