/** Every sentence that the packages and the command can say to a user has its translation, and has it where the sentence is said. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { phrasesByOwner, zhPhrases } from "../apps/cli/src/messages/zh-phrases.js";
import { root } from "./pnpm.mjs";
import { type SpokenSentence, spokenSentences } from "./spoken-sentences.js";

let sentences: readonly SpokenSentence[];
beforeAll(() => {
  sentences = spokenSentences();
}, 300_000);

/** The folder of a package and those of all packages that it stands on. */
function foldersBelow(folder: string, found = new Set<string>()): Set<string> {
  if (found.has(folder)) return found;
  found.add(folder);
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
    readonly dependencies?: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const below = name.replace(/^@lathe\//, "packages/");
    if (below in phrasesByOwner) foldersBelow(below, found);
  }
  return found;
}

it("every sentence of the sources has a translation, or is data", () => {
  expect(sentences.length).toBeGreaterThan(500);
  const lacking = sentences.filter(
    ({ template, fault }) => fault !== null || !Object.hasOwn(zhPhrases, template),
  );
  expect(lacking).toEqual([]);
});

it("a package, with those below it, has the translations of its own sentences", () => {
  const elsewhere = sentences.filter(({ place, template }) => {
    const folder = /^\/?((?:packages|apps)\/[\w-]+)\//.exec(place)![1];
    const all = [...foldersBelow(folder)].map((below) => phrasesByOwner[below] ?? {});
    return !all.some((phrases) => Object.hasOwn(phrases, template));
  });
  expect(elsewhere.map(({ place, template }) => `${place}: ${template}`)).toEqual([]);
});
