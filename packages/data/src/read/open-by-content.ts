import { extname } from "node:path";
import { asPhrase, FileError } from "@lathe/files";
import type { ReadOptions } from "./data-record.js";
import { decodeText } from "./decode-text.js";
import { fileChunks, type OpenedText } from "./open-text.js";
import { peek } from "./peek.js";
import { type TextKind, textKindOf } from "./text-kind.js";
import { unpack } from "./unpack.js";

/** Formats that are read by their bytes rather than as text. */
export type BinaryKind = "parquet" | "arrow";

/** A file that has been unpacked and looked at. */
export type OpenedFile =
  | {
      readonly kind: BinaryKind;
      readonly isPacked: boolean;
      /** All bytes, unpacked. */
      readonly chunks: AsyncIterable<Buffer>;
      readonly text: null;
    }
  | {
      /** Null where neither the content nor the extension tells what the text is. */
      readonly kind: TextKind | null;
      readonly text: OpenedText;
    };

const HEAD_BYTES = 64 * 1024;
const MARK = "\ufeff";
const MAGICS: readonly (readonly [magic: string, kind: BinaryKind])[] = [
  ["PAR1", "parquet"],
  ["ARROW1", "arrow"],
  ["\xff\xff\xff\xff", "arrow"],
];
const BINARY_EXTENSIONS: Readonly<Record<string, BinaryKind | undefined>> = {
  ".parquet": "parquet",
  ".arrow": "arrow",
  ".feather": "arrow",
  ".ipc": "arrow",
};
const FEATHER_1 = "FEA1";
const GIT_LFS = "version https://git-lfs.github.com/spec/";

/**
 * Opens a file and tells what it is: by its content and, where that leaves it open, by its extension.
 *
 * @throws FileError when the file cannot be opened or unpacked, or is what stands in place of a file that was not downloaded
 */
export async function openByContent(file: string, options: ReadOptions): Promise<OpenedFile> {
  const { chunks, isPacked } = await unpack(file, fileChunks(file, options));
  const { head, chunks: all } = await peek(chunks, HEAD_BYTES);
  const start = head.toString("latin1", 0, GIT_LFS.length);
  if (start.startsWith(FEATHER_1)) {
    throw new FileError(
      file,
      "is Feather of version 1, which is not read; write it as version 2, Arrow or Parquet",
    );
  }
  if (start === GIT_LFS) {
    throw new FileError(
      file,
      asPhrase("is a pointer that Git LFS left in place of the file; bring the file with `git lfs pull`"),
    );
  }
  const binary = MAGICS.find(([magic]) => start.startsWith(magic));
  if (binary !== undefined) return { kind: binary[1], isPacked, chunks: all, text: null };
  const text = await decodeText(all);
  const { head: beginning, isAll, chunks: decoded } = await peek(text.chunks, HEAD_BYTES);
  const extension = extensionOf(file);
  const kind = textKindOf(beginning.toString("utf8").replace(MARK, ""), isAll, extension);
  const named = kind === null ? BINARY_EXTENSIONS[extension] : undefined;
  // A file that is called Parquet or Arrow and is no rows of text either is said to be a damaged one.
  if (named !== undefined) {
    await closeChunks(decoded);
    return { kind: named, isPacked, chunks: (await unpack(file, fileChunks(file, {}))).chunks, text: null };
  }
  return { kind, text: { ...text, chunks: decoded } };
}

/** Whether the content of a file is rows: JSON, a table, Parquet or Arrow. @throws FileError as {@link openByContent} does */
export async function isRowsByContent(file: string): Promise<boolean> {
  const opened = await openByContent(file, {});
  await closeChunks(opened.text === null ? opened.chunks : opened.text.chunks);
  return opened.kind !== null && opened.kind !== "text";
}

/** Ends the reading of chunks that are not wanted. */
export async function closeChunks(chunks: AsyncIterable<Buffer>): Promise<void> {
  await chunks[Symbol.asyncIterator]().return?.(undefined);
}

/** The extension in small letters, without that of a packing. */
export function extensionOf(file: string): string {
  return extname(file.replace(/\.(gz|gzip|zst|zstd)$/i, "")).toLowerCase();
}
