import { expect, it } from "vitest";
import { damageOf } from "./damage-of.js";
import { phrase, sayPhrase } from "./phrase.js";
import { SpokenError } from "./spoken-error.js";

it("tells what was thrown to be said, and nothing of where a library stumbled", () => {
  expect(sayPhrase(damageOf(new SpokenError(phrase`a batch of ${3} rows`)))).toBe("a batch of 3 rows");
  expect(sayPhrase(damageOf(new Error("unsupported codec: LZO")))).toBe(
    "its reader says “unsupported codec: LZO”",
  );
  for (const stumbled of [new TypeError("undefined.x"), new RangeError("Offset is outside"), "text", null]) {
    expect(sayPhrase(damageOf(stumbled))).toBe("its structure does not hold together");
  }
});
