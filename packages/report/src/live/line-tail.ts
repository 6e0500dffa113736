import { type FileHandle, open } from "node:fs/promises";

/** Longest line that is read, in bytes. */
const MOST_LINE_BYTES = 1 << 20;

const CHUNK_BYTES = 1 << 20;

const LINE_FEED = 0x0a;

/** Who hears of the lines of a file. */
export interface LineListener {
  /** A whole line, without its end; null for one that is too long. */
  readonly onLine: (text: string | null) => void;
  /** The file is another one, or was cut: what was heard before holds no longer. */
  readonly onReset: () => void;
}

/**
 * Reads the lines of a file that grows, each once, as soon as it is complete. Nothing is kept but the place that was reached, so that
 * a line that is half written is read again when it is whole.
 */
export class LineTail {
  #offset = 0;
  /** Tells the file from one that was put in its place. */
  #identity: string | null = null;
  /** Whether the line at the place is too long and is passed over up to its end. */
  #isPassing = false;

  constructor(readonly path: string) {}

  /**
   * Reads on.
   * @param budget bytes to read at about
   * @returns whether there is more to read at once
   * @throws what the system throws; a file that is not there has no lines
   */
  async read({ onLine, onReset }: LineListener, budget: number): Promise<boolean> {
    const file = await openIfThere(this.path);
    if (file === null) {
      if (this.#identity !== null) this.#restart(null, onReset);
      return false;
    }
    try {
      const { size, ino, birthtimeMs } = await file.stat();
      const identity = `${ino}:${birthtimeMs}`;
      if (identity !== this.#identity || size < this.#offset) {
        const isFirst = this.#identity === null;
        this.#restart(identity, isFirst ? null : onReset);
      }
      const end = Math.min(size, this.#offset + Math.max(budget, 2 * MOST_LINE_BYTES));
      const buffer = Buffer.alloc(Math.min(CHUNK_BYTES + MOST_LINE_BYTES, Math.max(1, end - this.#offset)));
      while (this.#offset < end) {
        const wanted = Math.min(buffer.length, end - this.#offset);
        const { bytesRead } = await file.read(buffer, 0, wanted, this.#offset);
        if (bytesRead === 0) break;
        const taken = this.#take(buffer.subarray(0, bytesRead), onLine);
        this.#offset += taken;
        // What is left is the beginning of a line.
        if (taken === 0) break;
      }
      return end < size;
    } finally {
      await file.close();
    }
  }

  #restart(identity: string | null, onReset: (() => void) | null): void {
    this.#identity = identity;
    this.#offset = 0;
    this.#isPassing = false;
    onReset?.();
  }

  /** @returns bytes that need not be read again */
  #take(bytes: Buffer, onLine: LineListener["onLine"]): number {
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      if (this.#isPassing || end - start > MOST_LINE_BYTES) onLine(null);
      else if (end > start) onLine(bytes.toString("utf8", start, end));
      this.#isPassing = false;
      start = end + 1;
    }
    if (bytes.length - start > MOST_LINE_BYTES) {
      this.#isPassing = true;
      return bytes.length;
    }
    return this.#isPassing ? bytes.length : start;
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
