import { ARRAY_ID, ggufScalars, type GgufScalarType, type GgufValue } from "./gguf-value.js";

/** Bytes that grow as little-endian values are put to their end. */
export class ByteSink {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** What has been put so far. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Puts a whole number from 0 on in 32 bits. */
  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  /** Puts a whole number from 0 on in 64 bits. */
  u64(value: number): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  /** Puts a text in UTF-8 after its length in bytes. */
  string(text: string): void {
    const encoded = Buffer.from(text, "utf8");
    this.u64(encoded.byteLength);
    const at = this.#room(encoded.byteLength);
    this.#bytes.set(encoded, at);
  }

  /** Puts a value after its type. */
  value(given: GgufValue): void {
    if (given.type !== "array") {
      this.u32(ggufScalars[given.type].id);
      this.#scalar(given.type, given.value);
      return;
    }
    this.u32(ARRAY_ID);
    this.u32(ggufScalars[given.of].id);
    this.u64(given.value.length);
    for (const element of given.value) this.#scalar(given.of, element);
  }

  /** Puts zeros up to a multiple of so many bytes. */
  align(to: number): void {
    this.#room((to - (this.#length % to)) % to);
  }

  #scalar(type: GgufScalarType, value: number | boolean | string): void {
    if (type === "string") {
      this.string(String(value));
      return;
    }
    const at = this.#room(ggufScalars[type].bytes);
    const number = Number(value);
    const put = {
      u8: () => this.#view.setUint8(at, number),
      i8: () => this.#view.setInt8(at, number),
      u16: () => this.#view.setUint16(at, number, true),
      i16: () => this.#view.setInt16(at, number, true),
      u32: () => this.#view.setUint32(at, number, true),
      i32: () => this.#view.setInt32(at, number, true),
      f32: () => this.#view.setFloat32(at, number, true),
      bool: () => this.#view.setUint8(at, number),
      u64: () => this.#view.setBigUint64(at, BigInt(number), true),
      i64: () => this.#view.setBigInt64(at, BigInt(number), true),
      f64: () => this.#view.setFloat64(at, number, true),
    };
    put[type]();
  }

  /** Makes room at the end. @returns where it begins */
  #room(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.byteLength));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
