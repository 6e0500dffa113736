const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** A number in groups of seven bits, lowest first; negative ones as in two's complement of 64 bits. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** A field of a whole number. */
export const integerField = (field: number, value: number): Uint8Array =>
  joined([varint(field * 8 + VARINT), varint(value)]);

/** A field of a number in single precision. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joined([varint(field * 8 + FIXED_32), bytes]);
}

/** What stands before the content of a field of bytes, a text or a message. @param length bytes of the content */
export const fieldHead = (field: number, length: number): Uint8Array =>
  joined([varint(field * 8 + LENGTH_DELIMITED), varint(length)]);

/** A field of bytes, of a text in UTF-8 or of a message that has been encoded. */
export function bytesField(field: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  return joined([fieldHead(field, bytes.byteLength), bytes]);
}

/** Fields one after the other: a message. */
export function joined(fields: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.byteLength;
  }
  return bytes;
}
