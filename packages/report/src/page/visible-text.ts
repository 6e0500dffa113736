/** Controls that turn the direction of what follows: shown by name, so that they do nothing. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Other controls but line feeds and tabs, and halves of characters. */
const controls = /(?![\n\t])[\p{Cc}\p{Cs}]/gu;

const nameOf = (character: string): string =>
  `⟦U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟧`;

/** A text in which every character that would act rather than show stands by its name. */
export function visibleText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(directions, nameOf).replaceAll(controls, nameOf);
}
