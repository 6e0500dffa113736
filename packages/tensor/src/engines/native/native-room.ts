import type { Kept } from "../../kept.js";
import type { NativeBackend } from "./native-backend.js";

/** Memory of the backend's pool that is no tensor: for numbers in few bits. Whoever made it disposes it, once. */
export class NativeRoom implements Kept {
  readonly #backend: NativeBackend;
  readonly #floats: Float32Array;

  constructor(backend: NativeBackend, bytes: number) {
    this.#backend = backend;
    this.#floats = backend.takeRoom(Math.ceil(bytes / Float32Array.BYTES_PER_ELEMENT));
  }

  /** Its first `length` bytes. */
  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#floats.buffer, this.#floats.byteOffset, length);
  }

  /** Its first `length` bytes as codes of 8 bits. */
  codes(length: number): Int8Array {
    return new Int8Array(this.#floats.buffer, this.#floats.byteOffset, length);
  }

  /** `length` numbers in bfloat16 from its start. */
  halves(length: number): Uint16Array {
    return new Uint16Array(this.#floats.buffer, this.#floats.byteOffset, length);
  }

  /** `length` numbers in float32 from its start. */
  floats(length: number): Float32Array {
    return this.#floats.subarray(0, length);
  }

  dispose(): void {
    this.#backend.giveRoom(this.#floats);
  }
}
