import { createReadStream } from "node:fs";
import { asFileError } from "@lathe/files";
import type { ReadOptions } from "./data-record.js";
import { decodeText } from "./decode-text.js";
import type { TextEncoding } from "./text-encoding.js";
import { unpack } from "./unpack.js";

const CHUNK_BYTES = 256 * 1024; // larger reads are no faster on a local disk

/** The text of a file, in UTF-8. */
export interface OpenedText {
  readonly chunks: AsyncIterable<Buffer>;
  /** How the file has it. */
  readonly encoding: TextEncoding;
}

/** The bytes of a file. @throws FileError while they are read */
export async function* fileChunks(
  file: string,
  { onBytes }: ReadOptions,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of createReadStream(file, {
      highWaterMark: CHUNK_BYTES,
    }) as AsyncIterable<Buffer>) {
      onBytes?.(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw asFileError(file, "read", error);
  }
}

/** A text file, unpacked and in UTF-8. @throws FileError, also while it is read */
export async function openText(file: string, options: ReadOptions): Promise<OpenedText> {
  return decodeText((await unpack(file, fileChunks(file, options))).chunks);
}
