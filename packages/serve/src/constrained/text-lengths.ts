import type { AST } from "@eslint-community/regexpp";
import { parsedPattern } from "./parsed-pattern.js";

/** Fewest and most characters of a text. */
export interface TextLengths {
  readonly least: number;
  /** Infinity where there is no bound. */
  readonly most: number;
}

/**
 * How long texts are that a regular expression of JSON Schema finds itself in. Only one that says where the text begins and ends
 * bounds it from above.
 *
 * @throws TextPatternError where it is no regular expression
 */
export function textLengths(source: string): TextLengths {
  const all = parsedPattern(source).alternatives.map(({ elements }): TextLengths => {
    const { least, most } = inARow(elements);
    const [first, last] = [elements.at(0), elements.at(-1)];
    const isWhole = first && last && isAssertion(first, "start") && isAssertion(last, "end");
    return { least, most: isWhole ? most : Infinity };
  });
  return oneOf(all);
}

const isAssertion = (node: AST.Element, kind: "start" | "end"): boolean =>
  node.type === "Assertion" && node.kind === kind;

function lengthsOf(node: AST.Element): TextLengths {
  switch (node.type) {
    case "Group":
    case "CapturingGroup":
      return oneOf(node.alternatives.map(({ elements }) => inARow(elements)));
    case "Quantifier": {
      const { least, most } = lengthsOf(node.element);
      return { least: least * node.min, most: most === 0 || node.max === 0 ? 0 : most * node.max };
    }
    case "Character":
    case "CharacterSet":
    case "CharacterClass":
      return { least: 1, most: 1 };
    default:
      // What stands around a place has no length; what else there is, patterns do not let in.
      return { least: 0, most: 0 };
  }
}

const inARow = (nodes: readonly AST.Element[]): TextLengths =>
  nodes
    .map(lengthsOf)
    .reduce((a, b) => ({ least: a.least + b.least, most: a.most + b.most }), { least: 0, most: 0 });

const oneOf = (all: readonly TextLengths[]): TextLengths => ({
  least: Math.min(...all.map(({ least }) => least)),
  most: Math.max(...all.map(({ most }) => most)),
});
