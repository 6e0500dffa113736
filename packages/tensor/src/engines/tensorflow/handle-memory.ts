import { ElementType } from "./addon-types.js";

/** Bytes of an element, by TensorFlow's number for its type. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  [ElementType.float]: 4,
  [ElementType.int32]: 4,
  [ElementType.uint8]: 1,
  [ElementType.int8]: 1,
  [ElementType.bool]: 1,
  [ElementType.bfloat16]: 2,
  [ElementType.half]: 2,
};

interface Storage {
  readonly bytes: number;
  handles: number;
}

/** Counts what handles take on a device, memory that several share once. */
export class HandleMemory {
  readonly #storages = new Map<number, Storage>();
  #bytes = 0;
  #peakBytes = 0;

  /** Bytes now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Most that there were. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** A handle with memory of its own. */
  add(id: number, shape: readonly number[], dtype: number): void {
    const bytes = shape.reduce((count, size) => count * size, ELEMENT_BYTES[dtype] ?? 0);
    this.#storages.set(id, { bytes, handles: 1 });
    this.#bytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
  }

  /** A handle in the memory of another. */
  share(id: number, base: number): void {
    const storage = this.#storages.get(base);
    if (!storage) return;
    storage.handles++;
    this.#storages.set(id, storage);
  }

  /** A handle that is gone; unknown ones are passed over. */
  remove(id: number): void {
    const storage = this.#storages.get(id);
    if (!storage) return;
    this.#storages.delete(id);
    storage.handles--;
    if (storage.handles === 0) this.#bytes -= storage.bytes;
  }
}
