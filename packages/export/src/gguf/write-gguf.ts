import type { FileHandle } from "node:fs/promises";
import { replaceFile } from "@lathe/files";
import type { RowRange } from "@lathe/model";
import { type BlockFormatName, blockFormats } from "./blocks/blocks.js";
import { ByteSink } from "./byte-sink.js";
import { GGUF_ALIGNMENT, GGUF_MAGIC, GGUF_VERSION, type GgufMetadata } from "./gguf-value.js";

/** Numbers of a tensor that are in memory at one time: 16 MiB of float32. */
const PIECE_VALUES = 4 * 1024 * 1024;

/** A tensor to write. */
export interface GgufTensorToWrite {
  readonly name: string;
  /** Row-major, the outermost axis first; a file lists the axes the other way. */
  readonly shape: readonly number[];
  readonly format: BlockFormatName;
  /** Rows that are read together at least, such as those of a head; their number divides the first axis. @defaultValue 1 */
  readonly rowsTogether?: number | undefined;
  /** Values of some rows of the first axis. */
  read(rows: RowRange): Promise<Float32Array>;
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** Bytes that a tensor takes, without what aligns the next. */
export function tensorBytes({ shape, format }: Pick<GgufTensorToWrite, "shape" | "format">): number {
  const { values, bytes } = blockFormats[format];
  return (product(shape) / values) * bytes;
}

const aligned = (bytes: number): number => Math.ceil(bytes / GGUF_ALIGNMENT) * GGUF_ALIGNMENT;

/**
 * Writes a GGUF file of version 3, a few rows at a time, so that no tensor has to fit into memory: beside its place, synced, then
 * renamed.
 *
 * @param onProgress tensors written so far, of all
 * @returns bytes of the file
 * @throws RangeError when rows are no whole blocks of the format; FileError; no file is left then
 */
export async function writeGguf(
  path: string,
  metadata: GgufMetadata,
  tensors: readonly GgufTensorToWrite[],
  onProgress?: (done: number, total: number) => void,
): Promise<number> {
  const sink = new ByteSink();
  sink.u32(Buffer.from(GGUF_MAGIC).readUInt32LE());
  sink.u32(GGUF_VERSION);
  sink.u64(tensors.length);
  sink.u64(metadata.size);
  for (const [key, value] of metadata) {
    sink.string(key);
    sink.value(value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    const { name, shape, format } = tensor;
    if ((shape.at(-1) ?? 1) % blockFormats[format].values !== 0) {
      throw new RangeError(`${name}: expected rows of whole blocks of ${format}, got [${shape.join(", ")}]`);
    }
    sink.string(name);
    sink.u32(shape.length);
    for (const size of [...shape].reverse()) sink.u64(size);
    sink.u32(blockFormats[format].id);
    sink.u64(offset);
    offset += aligned(tensorBytes(tensor));
  }
  sink.align(GGUF_ALIGNMENT);
  await replaceFile(path, async (file) => {
    await writeAll(file, sink.bytes);
    let done = 0;
    for (const tensor of tensors) {
      await writeTensor(file, tensor);
      onProgress?.(++done, tensors.length);
    }
  });
  return sink.bytes.byteLength + offset;
}

async function writeTensor(file: FileHandle, tensor: GgufTensorToWrite): Promise<void> {
  const { shape, format, rowsTogether = 1, read } = tensor;
  const block = blockFormats[format];
  const [rows = 1, ...rest] = shape;
  const columns = product(rest);
  const step = Math.max(1, Math.floor(PIECE_VALUES / (columns * rowsTogether))) * rowsTogether;
  for (let start = 0; start < rows; start += step) {
    const values = await read({ start, end: Math.min(rows, start + step) });
    const bytes = new Uint8Array((values.length / block.values) * block.bytes);
    block.encode(values, bytes);
    await writeAll(file, bytes);
  }
  const size = tensorBytes(tensor);
  await writeAll(file, new Uint8Array(aligned(size) - size));
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    done += (await file.write(bytes, done, bytes.byteLength - done)).bytesWritten;
  }
}
