import { type AST, RegExpParser, RegExpSyntaxError } from "@eslint-community/regexpp";
import { phrase } from "@lathe/files";
import { TextPatternError } from "./text-pattern-error.js";

/** Characters of a pattern and levels of its groups at most: they are followed on the stack. */
const MAXIMUM_LENGTH = 5000;
const MAXIMUM_DEPTH = 50;

/**
 * Reads a regular expression of JSON Schema: ECMAScript's, with Unicode.
 * @throws TextPatternError where it is none, or too long or too deep to follow
 */
export function parsedPattern(source: string): AST.Pattern {
  if (source.length > MAXIMUM_LENGTH)
    throw new TextPatternError(phrase`expected at most ${MAXIMUM_LENGTH} characters, got ${source.length}`);
  if (depthOf(source) > MAXIMUM_DEPTH)
    throw new TextPatternError(phrase`expected at most ${MAXIMUM_DEPTH} groups within each other, got more`);
  try {
    return new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source, 0, source.length, { unicode: true });
  } catch (error) {
    if (!(error instanceof RegExpSyntaxError)) throw error;
    throw new TextPatternError(phrase`expected a regular expression, got “${error.message}”`);
  }
}

/** Groups within each other at most, of a text that may be no regular expression. */
function depthOf(source: string): number {
  let [depth, deepest] = [0, 0];
  for (const { 0: sign } of source.matchAll(/\\.|[()]/gsu)) {
    if (sign === "(") deepest = Math.max(deepest, ++depth);
    else if (sign === ")") depth--;
  }
  return deepest;
}
