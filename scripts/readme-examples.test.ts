/**
 * The first `ts` block of each package's README runs as it stands: in the package's own folder, against the built
 * packages, in a Node of its own. It must print something and end well.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { workspaceFolders } from "./bootstrap.mjs";
import { readMarkdown } from "./markdown.mjs";
import { root } from "./pnpm.mjs";

function firstExample(folder: string): string | undefined {
  const file = join(root, folder, "README.md");
  if (!existsSync(file)) return undefined;
  return readMarkdown(readFileSync(file, "utf8")).blocks.find(({ language }) => language === "ts")?.text;
}

function runExample(
  folder: string,
  source: string,
): { status: number | null; stdout: string; stderr: string } {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  // Inside the package, its name and those of its dependencies resolve as they do for a user.
  const file = join(root, folder, `.readme-example-${process.pid}.mjs`);
  writeFileSync(file, outputText);
  try {
    return spawnSync(process.execPath, [file], {
      cwd: join(root, folder),
      encoding: "utf8",
      timeout: 110_000,
    });
  } finally {
    rmSync(file, { force: true });
  }
}

const folders = workspaceFolders();

describe("the README of a package", () => {
  it.each(folders.filter((folder) => folder.startsWith("packages/")))("%s has an example", (folder) => {
    expect(firstExample(folder)).toBeDefined();
  });

  it.each(folders.filter((folder) => firstExample(folder) !== undefined))(
    "%s: its example runs",
    { timeout: 120_000 },
    (folder) => {
      const { status, stdout, stderr } = runExample(folder, firstExample(folder) ?? "");
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stdout.trim()).not.toBe("");
    },
  );
});
