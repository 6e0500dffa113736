import { TemplateError } from "./template-error.js";
import { isFilterName } from "./template-filters.js";
import type { Body } from "./template-nodes.js";
import { isTestName } from "./template-tests.js";

/**
 * Refuses filters and tests that do not exist, before anything is rendered. Those in a branch are left to it: a template may
 * ask for what only other renderers have.
 *
 * @throws TemplateError
 */
export function checkNames(body: Body): void {
  visit(body);
}

function visit(node: unknown): void {
  if (Array.isArray(node)) {
    for (const part of node) visit(part);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const { type, name } = node as { readonly type?: unknown; readonly name?: unknown };
  if (type === "if" || type === "conditional") return;
  if (typeof name === "string") {
    if (type === "filter" && !isFilterName(name)) throw unknown("filter", name);
    if (type === "test" && !isTestName(name)) throw unknown("test", name);
  }
  for (const part of Object.values(node)) visit(part);
}

const unknown = (kind: string, name: string): TemplateError =>
  new TemplateError("TemplateAssertionError", `No ${kind} named '${name}'.`);
