import { isInputError, parseJson } from "@lathe/files";
import type { z } from "zod";
import { invalidRequest } from "./api-error.js";

/** `messages[0].content`, as OpenAI names places. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`,
    )
    .join("");
}

/** The deepest complaint: of a union the one of the alternative that came furthest. */
function deepest(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string } {
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const inner = issue.errors
      .flatMap((issues) => issues.slice(0, 1))
      .map(deepest)
      .sort((a, b) => b.path.length - a.path.length)[0];
    if (inner && inner.path.length > 0) {
      return { path: [...issue.path, ...inner.path], message: inner.message };
    }
  }
  return { path: [...issue.path], message: issue.message };
}

/**
 * The body of a request as its schema has it.
 * @throws ApiError naming the field
 */
export function readBody<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!isInputError(error)) throw error;
    throw invalidRequest(undefined, `The body is not valid JSON: ${error.message}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = deepest(parsed.error.issues[0]);
  const param = pathText(path);
  throw invalidRequest(param === "" ? undefined : param, `Invalid ${param || "body"}: ${message}`);
}
