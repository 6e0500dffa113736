import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(root, "scripts/.circles-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function cruise(...args: string[]): { status: number | null; output: string } {
  const program = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

/** Looks for circles among files of such texts. */
function look(files: Record<string, string>): { status: number | null; output: string } {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return cruise(relative(root, folder));
}

it("a circle of three files is found, of which one is imported for a type only", () => {
  const { status, output } = look({
    "a.ts": 'import { b } from "./b.js";\nexport const a = (): number => b();\n',
    "b.ts": 'import { c } from "./c.js";\nexport const b = (): number => c.length;\n',
    "c.ts": 'import type { a } from "./a.js";\nexport const c: (typeof a)[] = [];\n',
  });
  expect(output).toContain("no-circles");
  expect(output).toContain("c.ts");
  expect(status).not.toBe(0);
}, 60_000);

it("the way through a package of the workspace leads through its sources", () => {
  const { output } = cruise("packages/tensor/src/index.ts", "--output-type", "text");
  expect(output).toContain("packages/kernels/src/index.ts");
}, 60_000);

it("files that import in one direction pass", () => {
  const { status, output } = look({
    "a.ts": 'import { b } from "./b.js";\nexport const a = (): number => b;\n',
    "b.ts": "export const b = 1;\n",
  });
  expect(output).toContain("no dependency violations");
  expect(status).toBe(0);
}, 60_000);
