/** Every sentence that the packages and the command can say to a user has its translation. */
import { expect, it } from "vitest";
import { zhPhrases } from "../apps/cli/src/messages/zh-phrases.js";
import { spokenSentences } from "./spoken-sentences.js";

it("every sentence of the sources has a translation, or is data", () => {
  const sentences = spokenSentences();
  expect(sentences.length).toBeGreaterThan(500);
  const lacking = sentences.filter(
    ({ template, fault }) => fault !== null || !Object.hasOwn(zhPhrases, template),
  );
  expect(lacking).toEqual([]);
}, 180_000);
