/** Fields of a protocol buffer message, encoded one after the other (wire types of the proto3 encoding). */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  /** A whole number from 0, up to 2⁵³. */
  varint(field: number, value: number): this {
    this.#parts.push(varint(field << 3), varint(value));
    return this;
  }

  /** A `double`. */
  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#parts.push(varint((field << 3) | 1), bytes);
    return this;
  }

  /** A `float`. */
  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.#parts.push(varint((field << 3) | 5), bytes);
    return this;
  }

  /** A `string`, or a message that was encoded. */
  bytes(field: number, value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    this.#parts.push(varint((field << 3) | 2), varint(bytes.length), bytes);
    return this;
  }

  /** The message. */
  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
