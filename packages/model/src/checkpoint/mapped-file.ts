import type { WeightMemory } from "./weight-memory.js";

/** Bytes that somebody holds. They are gone after the release, which may be repeated. */
export interface HeldBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Gives the bytes back; they must not be used from then on. */
  release(): void;
}

/** A file in memory, mapped when it is first asked for and unmapped when it is closed and nobody holds a part of it. */
export class MappedFile {
  #buffer: ArrayBuffer | null = null;
  #holders = 1; // the owner, until `close`
  #isClosed = false;

  /** @param map maps the whole file */
  constructor(
    readonly memory: WeightMemory,
    readonly map: () => ArrayBuffer,
  ) {}

  /** Holds a stretch of the file. @throws Error after {@link MappedFile.close} */
  hold(offset: number, length: number): HeldBytes {
    if (this.#isClosed) throw new Error("mapped file: expected an open one, got a closed one");
    this.#buffer ??= this.map();
    this.#holders++;
    return {
      bytes: new Uint8Array(this.#buffer, offset, length),
      release: once(() => this.#drop()),
    };
  }

  /** Lets go of the file; parts that are held stay. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop();
  }

  #drop(): void {
    this.#holders--;
    if (this.#holders > 0 || this.#buffer === null) return;
    this.memory.free(this.#buffer);
    this.#buffer = null;
  }
}

/** The action, which does nothing from its second call on. */
export function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
