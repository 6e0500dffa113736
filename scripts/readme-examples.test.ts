/**
 * Examples run as they stand, against the built packages, each in a Node of its own; they must print something and end
 * well. Of each package's README the first `ts` block runs in the package's own folder; of the guides every `ts` block
 * runs in the root, and those of a page that builds up one program run as one. The Chinese guides have the same code,
 * which guides.test.ts checks.
 */

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workspaceFolders } from "./bootstrap.mjs";
import { readMarkdown } from "./markdown.mjs";
import { root } from "./pnpm.mjs";

function firstExample(folder: string): string | undefined {
  const file = join(root, folder, "README.md");
  if (!existsSync(file)) return undefined;
  return readMarkdown(readFileSync(file, "utf8")).blocks.find(({ language }) => language === "ts")?.text;
}

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Compiles an example, puts it beside the packages that it imports and runs it. */
function runExample(source: string, { place, cwd }: { place: string; cwd: string }): Outcome {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  const file = join(place, `.readme-example-${process.pid}.mjs`);
  writeFileSync(file, outputText);
  try {
    return spawnSync(process.execPath, [file], { cwd, encoding: "utf8", timeout: 110_000 });
  } finally {
    rmSync(file, { force: true });
  }
}

function expectToRun({ status, stdout, stderr }: Outcome): void {
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stdout.trim()).not.toBe("");
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
      // Inside the package, its name and those of its dependencies resolve as they do for a user.
      const place = join(root, folder);
      expectToRun(runExample(firstExample(folder) ?? "", { place, cwd: place }));
    },
  );
});

/** Guides, and whether their blocks make up one program. */
const guides = [
  { guide: "pick-a-package", isOneProgram: false },
  { guide: "build-a-pipeline", isOneProgram: true },
];

function programsOf({ guide, isOneProgram }: (typeof guides)[number]): { title: string; source: string }[] {
  const { blocks } = readMarkdown(readFileSync(join(root, "docs/guide", `${guide}.md`), "utf8"));
  const examples = blocks.filter(({ language }) => language === "ts");
  if (isOneProgram) return [{ title: guide, source: examples.map(({ text }) => text).join("\n") }];
  return examples.map(({ text, line }) => ({ title: `${guide}, line ${line}`, source: text }));
}

describe("a guide", () => {
  // A project with the packages installed, as a reader has it.
  const project = join(root, `.readme-example-project-${process.pid}`);

  function install(name: string, folder: string): void {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(folder), link, "junction");
  }

  beforeAll(() => {
    for (const folder of folders.filter((folder) => folder.startsWith("packages/"))) {
      const { name } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
        name: string;
      };
      install(name, join(root, folder));
    }
    install("@tensorflow/tfjs", join(root, "packages/tensor/node_modules/@tensorflow/tfjs"));
  });

  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });

  it.each(guides.flatMap(programsOf))("$title: runs", { timeout: 120_000 }, ({ source }) => {
    expectToRun(runExample(source, { place: project, cwd: root }));
  });

  it("has code of sound types", { timeout: 120_000 }, () => {
    const files = guides.flatMap(programsOf).map(({ source }, index) => {
      const file = join(project, `program-${index}.ts`);
      writeFileSync(file, source);
      return file;
    });
    const program = ts.createProgram(files, {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    });
    const faults = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    expect(faults).toEqual([]);
  });

  it("with code is in the list above", () => {
    const pages = readdirSync(join(root, "docs/guide")).filter((name) => !name.endsWith(".zh-CN.md"));
    const withCode = pages.filter((name) =>
      readMarkdown(readFileSync(join(root, "docs/guide", name), "utf8")).blocks.some(
        ({ language }) => language === "ts",
      ),
    );
    expect(withCode.sort()).toEqual(guides.map(({ guide }) => `${guide}.md`).sort());
  });
});
