/** CONTRIBUTING's drawing and table of the arrows between packages are the ones that the linter holds. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allowedImports, allowedInTests } from "./package-arrows.mjs";
import { root } from "./pnpm.mjs";

const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
const packages = readdirSync(join(root, "packages")).filter((name) =>
  existsSync(join(root, "packages", name, "package.json")),
);

/** `packages/eval/src/model` is `eval/model` in words. */
const wordOf = (folder: string): string => folder.replace(/^packages\/([\w-]+)\/src/, "$1");
const packageOf = (folder: string): string => folder.split("/")[1];

/** Names in the first columns of each line of the drawing, from the top. */
const bands = /```\n(apps\/cli[^]*?)```/
  .exec(text)![1]
  .split("\n")
  .map((line) => {
    const names: string[] = [];
    for (const word of line.trim().split(/\s+/)) {
      if (!packages.includes(word) && !word.startsWith("apps/")) break;
      names.push(word);
    }
    return names;
  })
  .filter((names) => names.length > 0);
const depthOf = (name: string): number => bands.findIndex((names) => names.includes(name));

const rows = new Map(
  [...text.matchAll(/^\| `([\w/-]+)` +\| (nothing|`[^|]*`) +\|$/gm)].map(([, name, list]) => [
    name,
    [...list.matchAll(/`([\w-]+)`/g)].map(([, other]) => other),
  ]),
);

describe("arrows between packages", () => {
  it("are drawn with every package once", () => {
    expect(
      bands
        .flat()
        .filter((name) => !name.startsWith("apps/"))
        .sort(),
    ).toEqual([...packages].sort());
  });

  it("point down in the drawing", () => {
    for (const [folder, allowed] of Object.entries(allowedImports)) {
      for (const other of allowed) {
        expect(depthOf(other), `${folder} imports ${other}`).toBeGreaterThan(depthOf(packageOf(folder)));
      }
    }
  });

  it("are those of the table", () => {
    const held = Object.entries(allowedImports).map(([folder, allowed]) => [
      wordOf(folder),
      [...allowed].sort(),
    ]);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(held));
  });

  it("are those of the manifests", () => {
    for (const name of packages) {
      const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as {
        readonly dependencies?: Record<string, string>;
        readonly peerDependencies?: Record<string, string>;
      };
      const folders = Object.keys(allowedImports).filter((folder) => packageOf(folder) === name);
      expect(folders, name).not.toEqual([]);
      const allowed = new Set(folders.flatMap((folder) => allowedImports[folder]));
      for (const other of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
        const ofWorkspace = /^@lathe\/([\w-]+)$/.exec(other)?.[1];
        if (ofWorkspace === undefined || !packages.includes(ofWorkspace)) continue;
        expect(allowed, `${name} depends on ${other}`).toContain(ofWorkspace);
      }
    }
  });

  it("are followed by what tests may import besides", () => {
    for (const [folder, allowed] of Object.entries(allowedInTests)) {
      expect(allowed).toEqual(expect.arrayContaining([...allowedImports[folder]]));
    }
  });
});
