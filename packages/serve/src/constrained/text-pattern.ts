import type { AST } from "@eslint-community/regexpp";
import { phrase } from "@lathe/files";
import { type BytePattern, choice, repeat, sequence } from "./byte-grammar.js";
import { allBut, anyOfThem, type CodePoints, jsonCharacterOf, ofClass } from "./code-points.js";
import { parsedPattern } from "./parsed-pattern.js";
import { TextPatternError } from "./text-pattern-error.js";

/** What the grammar that a pattern becomes a part of lends it. */
export interface PatternPlace {
  /** One character of a JSON string, of any kind. */
  readonly character: BytePattern;
  /** The pattern under a name of its own, so that repeating it repeats the name. */
  ruleFor(pattern: BytePattern): BytePattern;
}

/** Characters that `\d`, `\s` and `\w` take in ECMAScript and elsewhere, and a class of those that they take in either. */
const shorthands: Readonly<Record<"digit" | "space" | "word", readonly [both: CodePoints, either: string]>> =
  {
    digit: [[[0x30, 0x39]], "\\p{Nd}"],
    space: [
      [
        [0x09, 0x0d],
        [0x20, 0x20],
      ],
      "[\\s\\x1c-\\x1f\\x85]",
    ],
    word: [
      [
        [0x30, 0x39],
        [0x41, 0x5a],
        [0x5f, 0x5f],
        [0x61, 0x7a],
      ],
      "[\\w\\p{L}\\p{M}\\p{N}\\p{Pc}]",
    ],
  };
const lineEnds: CodePoints = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x85, 0x85],
  [0x2028, 0x2029],
];

/**
 * Texts within a JSON string that a regular expression of JSON Schema finds itself in: ECMAScript's, with Unicode. `\d`, `\s` and
 * `\w` are narrowed to what validators of other languages take as well.
 *
 * @throws TextPatternError where it is no regular expression, or asks for what stands around a place
 */
export function textPattern(source: string, place: PatternPlace): BytePattern {
  const anything = repeat(place.character, 0, Infinity);
  const known = new Map<string, BytePattern>();

  const oneOf = (raw: string, set: () => CodePoints): BytePattern => {
    let pattern = known.get(raw);
    if (pattern === undefined) known.set(raw, (pattern = place.ruleFor(jsonCharacterOf(set()))));
    return pattern;
  };

  const element = (node: AST.Element): BytePattern => {
    switch (node.type) {
      case "Character":
        return oneOf(node.raw, () => [[node.value, node.value]]);
      case "CharacterSet":
        return oneOf(node.raw, () => setOf(node, false));
      case "CharacterClass":
        return oneOf(node.raw, () => classOf(node));
      case "Group":
        if (node.modifiers) throw refused(node.raw);
        return alternatives(node.alternatives, false, false);
      case "CapturingGroup":
        return alternatives(node.alternatives, false, false);
      case "Quantifier":
        return repeat(element(node.element), node.min, node.max);
      default:
        throw refused(node.raw);
    }
  };

  /**
   * @param opens whether anything may stand before, unless it is said that the text begins here
   * @param closes whether anything may stand behind, likewise
   */
  const alternatives = (list: readonly AST.Alternative[], opens: boolean, closes: boolean): BytePattern =>
    choice(...list.map(({ elements }) => alternative(elements, opens, closes)));

  const alternative = (
    all: readonly AST.Element[],
    opensBefore: boolean,
    closesBehind: boolean,
  ): BytePattern => {
    let [from, to] = [0, all.length];
    while (opensBefore && from < to && isAssertion(all[from], "start")) from++;
    while (closesBehind && from < to && isAssertion(all[to - 1], "end")) to--;
    const [opens, closes] = [opensBefore && from === 0, closesBehind && to === all.length];
    const elements = all.slice(from, to);
    if (elements.length === 0) return opens || closes ? anything : sequence();
    const last = elements.length - 1;
    const parts = elements.map((node, index) => {
      const [isOpen, isClosing] = [opens && index === 0, closes && index === last];
      if (!isOpen && !isClosing) return element(node);
      // A group at an edge may say by itself where the text begins or ends.
      if (isGroup(node)) return alternatives(node.alternatives, isOpen, isClosing);
      return sequence(...(isOpen ? [anything] : []), element(node), ...(isClosing ? [anything] : []));
    });
    return sequence(...parts);
  };

  return alternatives(parsedPattern(source).alternatives, true, true);
}

const refused = (raw: string): TextPatternError =>
  new TextPatternError(
    phrase`replies cannot be held to ${raw.slice(0, 60)} in a regular expression; write it without`,
  );

const isAssertion = (node: AST.Element, kind: "start" | "end"): boolean =>
  node.type === "Assertion" && node.kind === kind;

const isGroup = (node: AST.Element): node is AST.Group | AST.CapturingGroup =>
  node.type === "CapturingGroup" || (node.type === "Group" && !node.modifiers);

/** @param isWide whether it has what any validator takes, in place of what all of them take */
function setOf(node: AST.CharacterSet | AST.CharacterClassElement, isWide: boolean): CodePoints {
  switch (node.type) {
    case "Character":
      return [[node.value, node.value]];
    case "CharacterClassRange":
      return [[node.min.value, node.max.value]];
    case "CharacterSet":
      break;
    default:
      throw refused(node.raw);
  }
  if (node.kind === "any") return allBut(isWide ? [[0x0a, 0x0a]] : lineEnds);
  if (node.kind === "property") return ofClass(node.raw);
  const [both, either] = shorthands[node.kind];
  const set = isWide === node.negate ? both : ofClass(either);
  return node.negate ? allBut(set) : set;
}

function classOf({ elements, negate }: AST.CharacterClass): CodePoints {
  const set = anyOfThem(...elements.map((node) => setOf(node, negate)));
  return negate ? allBut(set) : set;
}
