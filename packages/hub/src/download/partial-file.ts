import { type FileHandle, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { asFileError, isRecord, readJsonIfThere } from "@lathe/files";

/** Bytes of a piece: pieces are loaded at the same time, and each goes on where it was cut. */
export const PIECE_BYTES = 32 * 2 ** 20;

/** Bytes after which it is written down how far the pieces are. */
const NOTED_AFTER = 8 * 2 ** 20;

const JOURNAL_LIMIT = 1_000_000;

/** Writes into a file; tests let it fail. */
export type WriteAt = (file: FileHandle, bytes: Uint8Array, position: number) => Promise<void>;

/** Writes all of some bytes. */
export const writeAll: WriteAt = async (file, bytes, position) => {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
};

/** A stretch of a file that is loaded as one. */
export interface Piece {
  readonly start: number;
  /** First byte after it. */
  readonly end: number;
  /** Bytes of it that are there. */
  done: number;
}

/**
 * A file on its way, which a later process can go on with. Beside it a journal says how far its pieces are; what the journal
 * does not know of is loaded again, and the hash of the whole decides in the end.
 */
export class PartialFile {
  readonly pieces: readonly Piece[];
  /** Whether some of it came from an earlier process. */
  readonly isResumed: boolean;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #write: WriteAt;
  #unnoted = 0;

  private constructor(path: string, file: FileHandle, pieces: readonly Piece[], write: WriteAt) {
    this.#path = path;
    this.#file = file;
    this.#write = write;
    this.pieces = pieces;
    this.isResumed = pieces.some(({ done }) => done > 0);
  }

  /** Opens what is there of a file of so many bytes, or begins it. @throws FileError */
  static async open(path: string, bytes: number, write: WriteAt = writeAll): Promise<PartialFile> {
    const pieces = Array.from({ length: Math.ceil(bytes / PIECE_BYTES) }, (_, index) => ({
      start: index * PIECE_BYTES,
      end: Math.min(bytes, (index + 1) * PIECE_BYTES),
      done: 0,
    }));
    try {
      const known = await knownPieces(path, bytes, pieces.length);
      for (const [index, piece] of pieces.entries())
        piece.done = Math.min(piece.end - piece.start, known[index] ?? 0);
      const file = await open(path, known.length === 0 ? "w" : "r+");
      await file.truncate(bytes);
      return new PartialFile(path, file, pieces, write);
    } catch (error) {
      throw asFileError(path, "written", error);
    }
  }

  /** Bytes that are there. */
  get doneBytes(): number {
    return this.pieces.reduce((sum, { done }) => sum + done, 0);
  }

  /** Adds bytes to a piece. @throws FileError */
  async add(piece: Piece, bytes: Uint8Array): Promise<void> {
    try {
      await this.#write(this.#file, bytes, piece.start + piece.done);
    } catch (error) {
      throw asFileError(this.#path, "written", error);
    }
    piece.done += bytes.length;
    this.#unnoted += bytes.length;
    if (this.#unnoted >= NOTED_AFTER) await this.#note();
  }

  /** Brings the file to the disk and closes it. */
  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
  }

  /** Closes the file as it is, for a later process. */
  async leave(): Promise<void> {
    await this.#note().catch(() => undefined);
    await this.#file.close().catch(() => undefined);
  }

  async #note(): Promise<void> {
    this.#unnoted = 0;
    const journal = journalOf(this.#path);
    const text = JSON.stringify({ pieceBytes: PIECE_BYTES, done: this.pieces.map(({ done }) => done) });
    await writeFile(`${journal}.new`, text);
    await rename(`${journal}.new`, journal);
  }
}

/** Removes what there is of a file, or only its journal where the file is whole. */
export async function dropPartial(path: string, isWhole = false): Promise<void> {
  await rm(journalOf(path), { force: true });
  if (!isWhole) await rm(path, { force: true });
}

/** Bytes on the disk that an unfinished file will not need any more. */
export async function bytesOfPartial(path: string, bytes: number): Promise<number> {
  const known = await knownPieces(path, bytes, Math.ceil(bytes / PIECE_BYTES)).catch(() => []);
  return known.reduce((sum, done) => sum + done, 0);
}

const journalOf = (path: string): string => `${path}.json`;

/** How far the pieces are, by the journal; none where it does not belong to the file. */
async function knownPieces(path: string, bytes: number, count: number): Promise<number[]> {
  const found = await stat(path).catch(() => null);
  if (found?.size !== bytes) return [];
  const journal = await readJsonIfThere(journalOf(path), { limit: JOURNAL_LIMIT }).catch(() => null);
  if (!isRecord(journal) || journal["pieceBytes"] !== PIECE_BYTES || !Array.isArray(journal["done"]))
    return [];
  const done: unknown[] = journal["done"];
  const isSound =
    done.length === count && done.every((bytes) => Number.isSafeInteger(bytes) && Number(bytes) >= 0);
  return isSound ? done.map(Number) : [];
}
