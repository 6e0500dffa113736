/**
 * The commands that the READMEs show exist: npm scripts, files that Node is asked to run, verbs of `lathe` and their
 * flags. The English and the Chinese README show the same commands.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMarkdown } from "./markdown.mjs";
import { root } from "./pnpm.mjs";

const readmes = ["README.md", "README.zh-CN.md"];
const scripts = (
  JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }
).scripts;

/** The command lines of the shell blocks of a file: continued lines joined, prompts and comments taken off. */
function commandsOf(file: string): string[] {
  return readMarkdown(readFileSync(join(root, file), "utf8"))
    .blocks.filter(({ language }) => ["sh", "bash", "shell", "console"].includes(language))
    .flatMap(({ text }) => text.replace(/\\\n\s*/g, " ").split("\n"))
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, "")
        .replace(/^\$\s+/, "")
        .trim(),
    )
    .flatMap((line) => line.split(/\s+(?:&&|\|\||\|)\s+/))
    .filter((command) => command !== "");
}

const helpTexts = new Map<string, string>();

/** What `lathe … --help` prints. */
function help(verbs: readonly string[]): string {
  const key = verbs.join(" ");
  const known = helpTexts.get(key);
  if (known !== undefined) return known;
  const text = execFileSync(process.execPath, ["apps/cli/dist/main.js", ...verbs, "--help"], {
    cwd: root,
    encoding: "utf8",
  });
  helpTexts.set(key, text);
  return text;
}

/** Flags in a help text, `--no-shuffle` also for `--[no-]shuffle`. */
const names = (text: string): Set<string> => new Set(text.match(/(?<![\w-])--?[a-z][\w-]*/gi));

function faultOfLathe(words: readonly string[]): string | undefined {
  const [verb, ...rest] = words;
  if (verb === undefined || verb.startsWith("-")) return undefined;
  if (!new RegExp(`^\\s+${verb}\\b`, "m").test(help([]))) return `lathe has no verb ${verb}`;
  const flags = names(help([verb]));
  const missing = rest.filter((word) => /^--?[a-z]/i.test(word)).map((word) => word.replace(/=.*$/, ""));
  const unknown = missing.filter((flag) => !flags.has(flag));
  return unknown.length > 0 ? `lathe ${verb} has no ${unknown.join(", ")}` : undefined;
}

function faultOfScript(name: string | undefined): string | undefined {
  return name !== undefined && name in scripts ? undefined : `package.json has no script ${name}`;
}

/** What is wrong with a command; commands of other programs are not looked into. */
function faultOf(command: string): string | undefined {
  const [program, ...words] = command.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word));
  const [first, second] = words;
  switch (program) {
    case "npm":
      if (first === "start" || first === "test") return faultOfScript(first);
      return first === "run" ? faultOfScript(second) : undefined;
    case "pnpm":
      if (["add", "dlx", "exec", "install"].includes(first ?? "")) return undefined;
      return faultOfScript(first === "run" ? second : first);
    case "npx":
      return first === "lathe" || first === "@lathe/cli" ? faultOfLathe(words.slice(1)) : undefined;
    case "lathe":
      return faultOfLathe(words);
    case "node":
      if (first === undefined || first.startsWith("-")) return undefined;
      if (first === "apps/cli/dist/main.js") return faultOfLathe(words.slice(1));
      return existsSync(join(root, first)) ? undefined : `there is no file ${first}`;
    case "bash":
      return first === undefined || existsSync(join(root, first)) ? undefined : `there is no file ${first}`;
    default:
      return undefined;
  }
}

describe.each(readmes)("%s", (file) => {
  it("shows the two commands one starts with", () => {
    expect(commandsOf(file)).toEqual(expect.arrayContaining(["npm start", "npm test"]));
  });

  it("shows only commands that exist", () => {
    const faults = commandsOf(file).map((command) => ({ command, fault: faultOf(command) }));
    expect(faults.filter(({ fault }) => fault !== undefined)).toEqual([]);
  });
});

it("shows the same commands in English and in Chinese", () => {
  expect(commandsOf("README.zh-CN.md")).toEqual(commandsOf("README.md"));
});
