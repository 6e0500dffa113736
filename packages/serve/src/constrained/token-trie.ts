/** What a tokenizer must tell: the bytes that an id stands for, or null for ids that have none, such as control tokens. */
export interface TokenBytes {
  readonly vocabularySize: number;
  /** The bytes of an id, or null for one that has none. */
  tokenBytes(id: number): Uint8Array | null;
}

/** The texts of a vocabulary in the order of their bytes, so that common beginnings are read once. */
export class TokenTrie {
  readonly vocabularySize: number;
  /** Ids in the order of their bytes. */
  readonly ids: Int32Array;
  /** By place in the order. */
  readonly bytes: readonly Uint8Array[];
  /** Bytes that each has in common with the one before. */
  readonly common: Int32Array;
  /** Whether each printable character of ASCII is a token by itself, so that no text of JSON is out of reach. */
  readonly spellsAscii: boolean;

  constructor(tokenizer: TokenBytes) {
    this.vocabularySize = tokenizer.vocabularySize;
    const tokens: { readonly id: number; readonly bytes: Uint8Array }[] = [];
    for (let id = 0; id < this.vocabularySize; id++) {
      const bytes = tokenizer.tokenBytes(id);
      if (bytes !== null && bytes.length > 0) tokens.push({ id, bytes });
    }
    tokens.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    const single = new Set(tokens.filter(({ bytes }) => bytes.length === 1).map(({ bytes: [byte] }) => byte));
    this.spellsAscii = Array.from({ length: 0x5f }, (_, place) => 0x20 + place).every((byte) =>
      single.has(byte),
    );
    this.ids = Int32Array.from(tokens, ({ id }) => id);
    this.bytes = tokens.map(({ bytes }) => bytes);
    this.common = Int32Array.from(this.bytes, (bytes, place) => {
      if (place === 0) return 0;
      const before = this.bytes[place - 1];
      const most = Math.min(before.length, bytes.length);
      let length = 0;
      while (length < most && bytes[length] === before[length]) length++;
      return length;
    });
  }
}
