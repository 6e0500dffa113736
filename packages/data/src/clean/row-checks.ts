import { type ScriptName, scriptShare } from "./scripts.js";
import { rowTexts } from "../rows/row-texts.js";
import { UNSCORED, type Row } from "../rows/row.js";

/** Step "empty": a text to be given or said is blank, or no token of a tokenised row is scored. */
export function findEmpty(row: Row): string | undefined {
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

/** Step "too-short": fewer characters given or said than the minimum. */
export function findTooShort(row: Row, minimumInput: number, minimumOutput: number): string | undefined {
  if (row.kind === "tokens") return undefined;
  const { inputs, outputs } = rowTexts(row);
  const input = countCharacters(inputs);
  const output = countCharacters(outputs);
  if (inputs.length > 0 && input < minimumInput) {
    return `the input has ${input} characters, fewer than ${minimumInput}`;
  }
  // A dialogue whose every reply is a tool call has no output of its own to measure.
  return outputs.length > 0 && output < minimumOutput
    ? `the output has ${output} characters, fewer than ${minimumOutput}`
    : undefined;
}

/** Step "too-long": more characters in the whole row than the maximum. */
export function findTooLong(row: Row, maximum: number): string | undefined {
  const { inputs, outputs } = rowTexts(row);
  const characters = countCharacters(inputs) + countCharacters(outputs);
  return characters > maximum ? `the row has ${characters} characters, more than ${maximum}` : undefined;
}

/** Step "language": a smaller share of the words and characters is written in the scripts asked for than the least that is asked for. */
export function findOtherLanguage(
  row: Row,
  scripts: readonly ScriptName[],
  least: number,
): string | undefined {
  const { inputs, outputs } = rowTexts(row);
  const share = scriptShare([...inputs, ...outputs].join("\n"), scripts);
  if (share === null || share >= least) return undefined;
  return `${Math.floor(share * 100)} % of the words are written in ${scripts.join(", ")}, fewer than ${Number((least * 100).toPrecision(6))} %`;
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
