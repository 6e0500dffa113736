/**
 * Every page in English has one in Chinese of the same structure: as many headings of each level and rows of tables, the
 * same code but for comments, outputs of as many lines with the same numbers. The commands they show exist with all their flags.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMarkdown } from "./markdown.mjs";
import { root } from "./pnpm.mjs";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const chinese = (file: string): string => file.replace(/\.md$/, ".zh-CN.md");

const guides = readdirSync(join(root, "docs/guide"))
  .filter((name) => name.endsWith(".md") && !name.endsWith(".zh-CN.md"))
  .map((name) => `docs/guide/${name}`)
  .concat("docs/cuda.md", "docs/edge.md", "docs/flower.md", "docs/scaling.md");
const pages = ["README.md", "docs/README.md", ...guides];

/** Levels of the headings and rows of the tables, in order, without what lies in code blocks. */
function outlineOf(text: string): string[] {
  const prose = text.replace(/^(`{3,})[^\n]*\n.*?^\1\s*$/gms, "");
  return prose
    .split("\n")
    .flatMap((line) => /^#+(?= )/.exec(line)?.[0] ?? (line.startsWith("|") ? ["row"] : []));
}

/** What of a code block is the same in every language. */
function essenceOf({ language, text }: { language: string; text: string }): string[] {
  if (language === "text") {
    const numbers = text.split("\n").map((line) => (line.match(/\d+(?:[.,:]\d+)*/g) ?? []).sort().join(" "));
    return [language, ...numbers];
  }
  const comment = language === "ts" ? /(^|\s)\/\/ .*$/ : language === "json" ? /$^/ : /(^|\s)# .*$/;
  // The printer of code breaks lines by their length, that of comments included.
  return [language, ...text.split("\n").map((line) => line.replace(comment, "").trim())].filter(Boolean);
}

it.each(pages)("%s has a page in Chinese", (page) => {
  expect(existsSync(join(root, chinese(page)))).toBe(true);
});

describe.each(pages.filter((page) => existsSync(join(root, chinese(page)))))("%s", (page) => {
  it("has the headings and tables of the page in Chinese", () => {
    expect(outlineOf(read(chinese(page)))).toEqual(outlineOf(read(page)));
  });

  it("has the code and the numbers of the page in Chinese", () => {
    const blocks = (file: string): string[][] => readMarkdown(read(file)).blocks.map(essenceOf);
    expect(blocks(chinese(page))).toEqual(blocks(page));
  });
});

/** Words of the `lathe` commands in a page's shell blocks, quoted ones as one. */
function commandsOf(page: string): string[][] {
  return readMarkdown(read(page))
    .blocks.filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.split("\n"))
    .filter((line) => line.startsWith("lathe "))
    .map(
      (line) =>
        line
          .replace(/\s# .*$/, "")
          .match(/"[^"]*"|\S+/g)
          ?.slice(1) ?? [],
    )
    .flatMap(aroundDashes);
}

/** What stands after `--` is a command as well: one that the first starts. */
function aroundDashes(words: string[]): string[][] {
  const at = words.indexOf("--");
  return at < 0 ? [words] : [words.slice(0, at), words.slice(at + 1)];
}

const outputs = new Map<string, string>();

/** What `lathe` prints on stdout. */
function lathe(...words: string[]): string {
  const line = words.join(" ");
  const output =
    outputs.get(line) ??
    execFileSync(process.execPath, ["apps/cli/dist/main.js", ...words], { cwd: root, encoding: "utf8" });
  outputs.set(line, output);
  return output;
}

/** Flags that a help text names. */
const flagsIn = (help: string): string[] => help.match(/(?<![\w-])--[a-z][\w-]*/g) ?? [];

const commands = guides.flatMap((page) =>
  commandsOf(page).map((words) => ({ page, line: words.join(" "), words })),
);

/** All verbs; some are of two words. */
const verbs = (): string[] =>
  [...lathe("--help").matchAll(/^ {2}([a-z]+(?: [a-z]+)?)(?: <\w+>)? {2,}/gm)].map(([, verb]) => verb);

/** The verb of a command, and what follows it. */
function parted(words: readonly string[]): { readonly verb: string; readonly rest: readonly string[] } {
  const both = words.slice(0, 2).join(" ");
  return verbs().includes(both)
    ? { verb: both, rest: words.slice(2) }
    : { verb: words[0], rest: words.slice(1) };
}

describe("the commands of the guides", () => {
  it.each(commands)("$page: lathe $line", ({ words }) => {
    const { verb, rest } = parted(words);
    if (verb === "schema") {
      expect(JSON.parse(lathe(verb, rest[0]))).toHaveProperty("properties");
      return;
    }
    const [help, given] = verb.startsWith("-")
      ? [lathe("--help"), [verb]]
      : [lathe(...verb.split(" "), "--help"), rest];
    expect(flagsIn(help)).toEqual(expect.arrayContaining(given.filter((word) => word.startsWith("--"))));
  });

  it("show every verb that there is", () => {
    expect(commands.map(({ words }) => parted(words).verb)).toEqual(expect.arrayContaining(verbs()));
  });
});
