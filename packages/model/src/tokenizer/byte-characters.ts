/**
 * Characters that stand for bytes in byte-level vocabularies, as GPT-2 chose them: printable ones for themselves, the others
 * from U+0100 on.
 */
export const byteCharacters: ReadonlyMap<string, number> = makeByteCharacters();

function makeByteCharacters(): Map<string, number> {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  const characters = new Map<string, number>();
  let shifted = 0x100;
  for (let byte = 0; byte < 0x100; byte++) {
    characters.set(String.fromCodePoint(isPrintable(byte) ? byte : shifted++), byte);
  }
  return characters;
}
