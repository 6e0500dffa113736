import { Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { FileError, phrase } from "@lathe/files";
import { Decompress } from "fzstd";
import { peek } from "./peek.js";

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const MOST_LAYERS = 4; // of packing within packing

/**
 * The bytes of a file without its packing, gzip or Zstandard, which is told by how it begins; other bytes come as they are.
 *
 * @param file names the file in errors
 * @returns the bytes, and whether there was a packing
 * @throws FileError, also while the bytes are read, for packed bytes that are damaged
 */
export async function unpack(
  file: string,
  packed: AsyncIterable<Buffer>,
): Promise<{ chunks: AsyncIterable<Buffer>; isPacked: boolean }> {
  let chunks = packed;
  for (let layer = 0; ; layer++) {
    const { head, chunks: all } = await peek(chunks, ZSTD.length);
    const unpackAs = head.subarray(0, 2).equals(GZIP)
      ? gunzip
      : head.subarray(0, 4).equals(ZSTD)
        ? unzstd
        : null;
    if (unpackAs === null) return { chunks: all, isPacked: layer > 0 };
    if (layer === MOST_LAYERS)
      throw new FileError(file, phrase`is packed more than ${MOST_LAYERS} times over`);
    chunks = unpackAs(file, all);
  }
}

async function* gunzip(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const stream = createGunzip();
  let cause: unknown;
  // What ends the stream early is said below, or is the reader's own doing.
  pipeline(Readable.from(chunks), stream, (error) => (cause = error));
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throw damaged(file, "gzip", cause ?? error);
  }
}

async function* unzstd(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let ready: Buffer[] = [];
  const stream = new Decompress((bytes) => {
    // The library goes on writing into the memory that it hands out.
    if (bytes.length > 0) ready.push(Buffer.from(bytes));
  });
  const push = (bytes: Uint8Array, isLast: boolean): Buffer[] => {
    try {
      stream.push(bytes, isLast);
    } catch (error) {
      throw damaged(file, "Zstandard", error);
    }
    const unpacked = ready;
    ready = [];
    return unpacked;
  };
  for await (const chunk of chunks) yield* push(chunk, false);
  yield* push(new Uint8Array(0), true);
}

function damaged(file: string, packing: string, cause: unknown): FileError {
  if (cause instanceof FileError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FileError(file, phrase`cannot be unpacked as ${packing}: ${reason}`, { cause });
}
