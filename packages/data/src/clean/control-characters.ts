/**
 * Rule "control-characters": removes control characters other than LF and tab (the C0 and C1 sets, DEL), halves of surrogate
 * pairs, which no UTF-8 file can hold, and code points that Unicode reserves as noncharacters.
 */
export function removeControlCharacters(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}|\p{Cs}|\p{Noncharacter_Code_Point}/gu, "");
}
