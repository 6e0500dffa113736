import type { CleaningRuleName, ResolvedCleaningOptions } from "./cleaning-options.js";
import { removeControlCharacters } from "./control-characters.js";
import { foldUnicode } from "./fold-unicode.js";
import { unifyLineEnds } from "./line-ends.js";
import { rowTexts } from "../rows/row-texts.js";
import { UNSCORED, type Row } from "../rows/row.js";
import { tidyWhiteSpace } from "./white-space.js";
import { removeZeroWidth } from "./zero-width.js";

/** A rule that changes texts. It sees one text at a time and knows nothing of the row. */
export interface TextRule {
  readonly name: CleaningRuleName;
  /** Kinds of rows whose texts are left alone. */
  readonly except: readonly Row["kind"][];
  /** The text after the rule. */
  readonly apply: (text: string) => string;
}

/** A rule that keeps or rejects a row. */
export interface RowRule {
  readonly name: CleaningRuleName;
  /** Why the row is rejected, or undefined. */
  readonly check: (row: Row, options: ResolvedCleaningOptions) => string | undefined;
}

/**
 * Rules on texts, in their order: line ends first, for all later rules think in LF; what is invisible next, lest it part characters
 * that Unicode composes; white space last, for it sees what the others left. The edges of a completion row
 * are where its two texts meet, and its inner white space is often code: the last rule passes it over.
 */
export const TEXT_RULES: readonly TextRule[] = [
  { name: "line-ends", except: [], apply: unifyLineEnds },
  { name: "control-characters", except: [], apply: removeControlCharacters },
  { name: "zero-width", except: [], apply: removeZeroWidth },
  { name: "unicode", except: [], apply: foldUnicode },
  { name: "white-space", except: ["completion"], apply: tidyWhiteSpace },
];

/** Rules on rows, in their order; exact duplicates come after them and need the memory of a cleaner. */
export const ROW_RULES: readonly RowRule[] = [
  { name: "empty", check: findEmpty },
  { name: "too-short", check: findTooShort },
  { name: "too-long", check: findTooLong },
];

/** Rule "empty": a text to be given or said is blank, or no token of a tokenised row is scored. */
function findEmpty(row: Row): string | undefined {
  if (row.kind === "tokens") {
    // The first label has nothing before it to be predicted from.
    return row.labels.some((label, index) => index > 0 && label !== UNSCORED)
      ? undefined
      : "no token is scored";
  }
  const { inputs, outputs } = rowTexts(row);
  if (inputs.some(isBlank)) return "the input is empty";
  return outputs.some(isBlank) ? "the output is empty" : undefined;
}

/** Rule "too-short": fewer characters given or said than the minimum. */
function findTooShort(row: Row, options: ResolvedCleaningOptions): string | undefined {
  if (row.kind === "tokens") return undefined;
  const { inputs, outputs } = rowTexts(row);
  const input = countCharacters(inputs);
  const output = countCharacters(outputs);
  if (inputs.length > 0 && input < options.minimumInputCharacters) {
    return `the input has ${input} characters, fewer than ${options.minimumInputCharacters}`;
  }
  // A dialogue whose every reply is a tool call has no output of its own to measure.
  return outputs.length > 0 && output < options.minimumOutputCharacters
    ? `the output has ${output} characters, fewer than ${options.minimumOutputCharacters}`
    : undefined;
}

/** Rule "too-long": more characters in the whole row than the maximum. */
function findTooLong(row: Row, options: ResolvedCleaningOptions): string | undefined {
  const { inputs, outputs } = rowTexts(row);
  const characters = countCharacters(inputs) + countCharacters(outputs);
  return characters > options.maximumCharacters
    ? `the row has ${characters} characters, more than ${options.maximumCharacters}`
    : undefined;
}

function isBlank(text: string): boolean {
  return text.trim() === "";
}

function countCharacters(texts: readonly string[]): number {
  let characters = 0;
  for (const text of texts) {
    for (let index = 0; index < text.length; index++) {
      // The second half of a surrogate pair is no character of its own.
      if ((text.charCodeAt(index) & 0xfc00) !== 0xdc00) characters += 1;
    }
  }
  return characters;
}
