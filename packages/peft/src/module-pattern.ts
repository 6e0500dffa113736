/**
 * Regular expressions over the paths of linears, as in PEFT's `target_modules`, `exclude_modules`, `rank_pattern` and
 * `alpha_pattern`. They come out of files, so they run on an engine whose time is linear in the text whatever the
 * expression (RE2); it does without look-around and back-references.
 */
import { asPhrase, type Phrase, phrase, SpokenError } from "@lathe/files";
import { createRequire } from "node:module";
import type * as re2 from "re2js";

const require = createRequire(import.meta.url);

/** Longest expression that is compiled, in characters. */
const PATTERN_LIMIT = 4096;

/** A text that is no usable regular expression. */
export class PatternError extends SpokenError {
  override readonly name = "PatternError";
  constructor(readonly expected: string | Phrase) {
    super(phrase`expected ${asPhrase(expected)}`);
  }
}

/** Says whether a path is matched. */
export type MatchesPath = (path: string) => boolean;

/** A predicate for paths that match the expression as a whole. @throws PatternError */
export function compilePattern(source: string): MatchesPath {
  if (source.length > PATTERN_LIMIT) {
    throw new PatternError(phrase`a regular expression of at most ${PATTERN_LIMIT} characters`);
  }
  // Loaded by the first expression: most adapters name their targets.
  const library = require("re2js") as typeof re2;
  let compiled: re2.RE2JS;
  try {
    compiled = library.RE2JS.compile(source);
  } catch {
    throw new PatternError("a regular expression without look-around and back-references");
  }
  return (path) => compiled.matches(path);
}

/**
 * A predicate for paths that equal one of the names or end in it after a dot, or that match a single expression as a
 * whole. @throws PatternError
 */
export function matchModules(modules: string | readonly string[]): MatchesPath {
  if (typeof modules === "string") return compilePattern(modules);
  return (path) => modules.some((name) => path === name || path.endsWith(`.${name}`));
}

/** The value of the first key that matches the whole path or its end after a dot. @throws PatternError */
export function firstMatch<Value>(
  pattern: Readonly<Record<string, Value>>,
): (path: string) => Value | undefined {
  const entries = Object.entries(pattern).map(([source, value]) => {
    return { matches: compilePattern(`(?:.*\\.)?(?:${source})`), value };
  });
  return (path) => entries.find(({ matches }) => matches(path))?.value;
}
