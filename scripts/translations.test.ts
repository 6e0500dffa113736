/** Every translation stands with the package that says its text, or with one below that several share; none is of a text that nothing says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { phrasesByOwner } from "../apps/cli/src/messages/zh-phrases.js";
import { root } from "./pnpm.mjs";
import { saidTexts } from "./said-texts.js";

/** Folders whose texts others translate: they have no translations of their own. */
const translators: Readonly<Record<string, string>> = {
  "apps/studio": "apps/cli",
  "packages/kernels": "packages/tensor",
};

/** Headings of Commander's own. */
const ofCommander = ["Usage:", "Commands:"];

/** The workspace's packages that a folder's own package names. */
function foldersUnder(folder: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
    readonly dependencies?: Record<string, string>;
  };
  return Object.keys(dependencies)
    .filter((name) => name.startsWith("@lathe/"))
    .map((name) => name.replace("@lathe/", "packages/"));
}

it("every translation is of a text that its package says, or one that stands on it", () => {
  const said = saidTexts();
  expect(said.get("apps/cli")?.size).toBeGreaterThan(1000);
  const stray = Object.entries(phrasesByOwner).flatMap(([owner, phrases]) => {
    const speakers = [...said.keys()].filter(
      (folder) => folder === owner || translators[folder] === owner || foldersUnder(folder).includes(owner),
    );
    const isSaid = (text: string): boolean => speakers.some((folder) => said.get(folder)!.has(text));
    return Object.keys(phrases)
      .filter((text) => !isSaid(text) && !ofCommander.includes(text))
      .map((text) => `${owner}: ${text}`);
  });
  expect(stray).toEqual([]);
});
