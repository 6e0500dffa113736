import { Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { FileError, phrase } from "@lathe/files";
import { Decompress } from "fzstd";
import { peek } from "./peek.js";

const GZIP = Buffer.from([0x1f, 0x8b]);
const HEAD_BYTES = 8;
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Packings that are not read, by what they begin with. */
const OTHERS: readonly (readonly [name: string, magic: string])[] = [
  ["bzip2", "BZh"],
  ["xz", "\xfd7zXZ\0"],
  ["zip", "PK\x03\x04"],
  ["7z", "7z\xbc\xaf\x27\x1c"],
];
const MOST_LAYERS = 4; // of packing within packing
/** Times its packed size that a file may be unpacked; rows that all are the same come to two or three hundred. */
const MOST_EXPANSION = 500;
/** Bytes up to which it may be more. */
const ALWAYS_UNPACKED = 256 * 2 ** 20;

/**
 * The bytes of a file without its packing, gzip or Zstandard, which is told by how it begins; other bytes come as they are.
 *
 * @param file names the file in errors
 * @returns the bytes, and whether there was a packing
 * @throws FileError, also while the bytes are read, for packed bytes that are damaged, and for those that are made to fill memory or disk
 */
export async function unpack(
  file: string,
  packed: AsyncIterable<Buffer>,
): Promise<{ chunks: AsyncIterable<Buffer>; isPacked: boolean }> {
  const read = { bytes: 0 };
  let chunks: AsyncIterable<Buffer> = counted(packed, read);
  for (let layer = 0; ; layer++) {
    const { head, chunks: all } = await peek(chunks, HEAD_BYTES);
    const beginning = head.toString("latin1", 0, HEAD_BYTES);
    const other = OTHERS.find(([, magic]) => beginning.startsWith(magic));
    if (other !== undefined)
      throw new FileError(
        file,
        phrase`is packed as ${other[0]}, which is not read; unpack it, or pack its files with gzip or Zstandard`,
      );
    const unpackAs = head.subarray(0, 2).equals(GZIP)
      ? gunzip
      : head.subarray(0, 4).equals(ZSTD)
        ? unzstd
        : null;
    if (unpackAs === null) return { chunks: all, isPacked: layer > 0 };
    if (layer === MOST_LAYERS)
      throw new FileError(file, phrase`is packed more than ${MOST_LAYERS} times over`);
    chunks = unpackAs(file, all, read);
  }
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  count: { bytes: number },
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    count.bytes += chunk.length;
    yield chunk;
  }
}

/** @throws FileError where a few packed bytes have become very many */
function refuseExpansion(file: string, unpacked: number, read: number): void {
  if (unpacked <= ALWAYS_UNPACKED || unpacked <= MOST_EXPANSION * read) return;
  throw new FileError(
    file,
    phrase`is packed to less than a part in ${MOST_EXPANSION}, as no rows are; unpack it first if it is what it should be`,
  );
}

async function* gunzip(
  file: string,
  chunks: AsyncIterable<Buffer>,
  read: { readonly bytes: number },
): AsyncGenerator<Buffer, void, undefined> {
  const stream = createGunzip();
  let cause: unknown;
  // What ends the stream early is said below, or is the reader's own doing.
  pipeline(Readable.from(chunks), stream, (error) => (cause = error));
  try {
    let unpacked = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      refuseExpansion(file, unpacked, read.bytes);
      yield chunk;
    }
  } catch (error) {
    throw damaged(file, "gzip", error instanceof FileError ? error : (cause ?? error));
  }
}

async function* unzstd(
  file: string,
  chunks: AsyncIterable<Buffer>,
  read: { readonly bytes: number },
): AsyncGenerator<Buffer, void, undefined> {
  let ready: Buffer[] = [];
  let total = 0;
  const stream = new Decompress((bytes) => {
    // One chunk of a few kilobytes may unpack to gigabytes before the library comes back.
    total += bytes.length;
    refuseExpansion(file, total, read.bytes);
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
  return new FileError(file, phrase`cannot be unpacked as ${packing}: “${reason}”`, { cause });
}
