import { isRecord } from "@lathe/files";
import { byteCharacters } from "./byte-characters.js";

/** Turns the text of a token, as the vocabulary writes it, into the bytes that it stands for in a text. */
export type TokenBytesOf = (token: string) => Uint8Array;

const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;
/** The sign that stands for a blank in vocabularies of SentencePiece. */
const BLANK = "▁";

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
    return (token) => {
      const bytes = Array.from(token, (character) => byteCharacters.get(character));
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
