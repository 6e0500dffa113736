import { isRecord } from "@lathe/files";

/** Turns the text of a token, as the vocabulary writes it, into the bytes that it stands for in a text. */
export type TokenBytesOf = (token: string) => Uint8Array;

const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;
/** The sign that stands for a blank in vocabularies of SentencePiece. */
const BLANK = "▁";

/**
 * Characters that stand for bytes in byte-level vocabularies, as GPT-2 chose them: printable ones for themselves, the others
 * from U+0100 on.
 */
function byteCharacters(): ReadonlyMap<string, number> {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  const characters = new Map<string, number>();
  let shifted = 0x100;
  for (let byte = 0; byte < 0x100; byte++) {
    characters.set(String.fromCodePoint(isPrintable(byte) ? byte : shifted++), byte);
  }
  return characters;
}

/** Types of the decoders of tokenizer.json, those within sequences too. */
function decoderTypes(decoder: unknown): string[] {
  if (!isRecord(decoder)) return [];
  const inner = Array.isArray(decoder["decoders"]) ? (decoder["decoders"] as unknown[]) : [];
  return [String(decoder["type"]), ...inner.flatMap(decoderTypes)];
}

/**
 * How a vocabulary writes bytes, by the decoder of tokenizer.json; null for kinds whose tokens stand for no fixed bytes, such as
 * WordPiece, which puts blanks between words.
 */
export function tokenBytesOf(json: Readonly<Record<string, unknown>>): TokenBytesOf | null {
  const types = decoderTypes(Object.hasOwn(json, "decoder") ? json["decoder"] : null);
  if (types.includes("ByteLevel")) {
    const characters = byteCharacters();
    return (token) => {
      const bytes = Array.from(token, (character) => characters.get(character));
      const isKnown = bytes.every((byte) => byte !== undefined);
      return isKnown ? Uint8Array.from(bytes) : Buffer.from(token, "utf8");
    };
  }
  if (!types.includes("Metaspace") && !types.includes("Replace")) return null;
  const hasBytes = types.includes("ByteFallback");
  return (token) => {
    const byte = hasBytes ? BYTE_TOKEN.exec(token) : null;
    return byte
      ? Uint8Array.of(Number.parseInt(byte[1], 16))
      : Buffer.from(token.replaceAll(BLANK, " "), "utf8");
  };
}
