import { type FileHandle, open } from "node:fs/promises";
import type { Collective } from "@lathe/distributed";
import { asFileError, FileError } from "@lathe/files";

/** Bytes that travel at once: what a rank holds in memory of a file of any length. */
const PIECE_BYTES = 64 * 2 ** 20;

/** A file that the first rank has. */
export interface SentFile {
  /** Where the first rank has it; null on others. */
  readonly from: string | null;
  /** Where this rank puts it; null where it has it already. */
  readonly to: string | null;
  /** Bytes that travel at once. @defaultValue 64 MiB */
  readonly pieceBytes?: number | undefined;
}

/**
 * Sends a file of any length from the first rank to all others, piece by piece.
 * @throws FileError where it cannot be read or written; CollectiveError
 */
export async function sendFile(
  collective: Collective,
  { from, to, pieceBytes = PIECE_BYTES }: SentFile,
): Promise<void> {
  const source = from === null ? null : await opened(from, "r");
  try {
    const target = to === null ? null : await opened(to, "w");
    try {
      // A number of 64 bits: files may be longer than 32 bits can say.
      const length = Float64Array.of(source === null ? 0 : (await source.stat()).size);
      await collective.broadcast(length);
      for (let at = 0; at < length[0]; at += pieceBytes) {
        const piece = new Uint8Array(Math.min(pieceBytes, length[0] - at));
        if (source) await readPiece(source, piece, at, from!);
        await collective.broadcast(piece);
        await target?.writeFile(piece).catch((error: unknown) => {
          throw asFileError(to!, "written", error);
        });
      }
    } finally {
      await target?.close();
    }
  } finally {
    await source?.close();
  }
}

async function opened(path: string, flags: "r" | "w"): Promise<FileHandle> {
  return await open(path, flags).catch((error: unknown) => {
    throw asFileError(path, flags === "r" ? "read" : "written", error);
  });
}

/** Fills a piece, of which a system may read less at once than it is asked for. */
async function readPiece(file: FileHandle, piece: Uint8Array, at: number, path: string): Promise<void> {
  for (let done = 0; done < piece.length;) {
    const { bytesRead } = await file
      .read(piece, done, piece.length - done, at + done)
      .catch((error: unknown) => {
        throw asFileError(path, "read", error);
      });
    if (bytesRead === 0) throw new FileError(path, "the file was cut while it was open");
    done += bytesRead;
  }
}
