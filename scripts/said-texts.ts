import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import ts from "typescript";
import { root } from "./pnpm.mjs";

/** The text of a literal, of a template with its gaps numbered, or of literals that are added up; null for anything else. */
function textOf(node: ts.Node): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }, gap) => `{${gap}}${literal.text}`).join("");
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const parts = [textOf(node.left), textOf(node.right)];
    return parts.includes(null) ? null : parts.join("");
  }
  return null;
}

/**
 * Every text that stands in the sources of the packages and the apps, by their folders, such as `packages/data`; names of properties are
 * texts too, and a heading is one with its colon as well. Files of translations, which only repeat texts, are left out.
 */
export function saidTexts(): Map<string, Set<string>> {
  const said = new Map<string, Set<string>>();
  const globs = ["packages/*/src/**/*.ts", "apps/*/src/**/*.ts"];
  const without = ["**/*.test.ts", "**/testing/**", "**/zh.ts", "**/zh-*.ts", "**/*-phrases.ts"];
  for (const file of ts.sys.readDirectory(root, [".ts"], without, globs)) {
    const folder = relative(root, file).split(sep).slice(0, 2).join("/");
    const texts = said.get(folder) ?? new Set();
    said.set(folder, texts);
    const walk = (node: ts.Node): void => {
      const text =
        ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) ? node.name.text : textOf(node);
      if (text !== null) texts.add(text).add(`${text}:`);
      ts.forEachChild(node, walk);
    };
    walk(ts.createSourceFile(file, readFileSync(join(file), "utf8"), ts.ScriptTarget.Latest));
  }
  return said;
}
