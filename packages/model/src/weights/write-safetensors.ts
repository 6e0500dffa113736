import { elementCount } from "../element-count.js";
import type { FileHandle } from "node:fs/promises";
import { replaceFile } from "@lathe/files";
import { littleEndianBytes } from "./little-endian.js";
import { LENGTH_BYTES } from "./safetensors-header.js";
import { type Dtype, dtypes, dtypeSizes } from "./tensor-info.js";

/** Bytes written at once; one system call takes at most 2 GB. */
const PIECE_BYTES = 16 * 1024 * 1024;

/** The header is padded to this, so that the data after it is aligned for every type. */
const HEADER_ALIGNMENT = 8;

/** A tensor to write. */
export interface TensorToWrite {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /**
   * The elements in row-major order: a typed array of the type (half floats as their patterns in a Uint16Array), or
   * little-endian bytes in a Uint8Array. A function is called when it is the tensor's turn, so that a whole model need
   * never be in memory; what it gives in pieces is written piece by piece, so that no whole tensor need be either.
   */
  data:
    | ArrayBufferView
    | (() =>
        | ArrayBufferView
        | Promise<ArrayBufferView>
        | AsyncIterable<ArrayBufferView>
        | Iterable<ArrayBufferView>);
}

/**
 * Writes a safetensors file: beside its place, synced, then renamed, so that `path` holds the old file or the whole new
 * one at any moment. Tensors are ordered as the Python library orders them, widest type first and then by name, so equal
 * contents give equal files.
 * @param metadata strings for `__metadata__`, which is left out when there are none
 * @throws RangeError when a name comes twice or data and shape disagree; no file is left then
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ordered = inWrittenOrder(tensors);
  const header = encodeHeader(ordered, metadata);
  await replaceFile(path, async (file) => {
    await writeAll(file, header);
    for (const tensor of ordered) await writeTensor(file, tensor);
  });
}

/** Tensors in the order in which {@link writeSafetensors} asks for their data. */
export function inWrittenOrder<Tensor extends Pick<TensorToWrite, "name" | "dtype">>(
  tensors: readonly Tensor[],
): Tensor[] {
  return [...tensors].sort(
    (a, b) => dtypes.indexOf(b.dtype) - dtypes.indexOf(a.dtype) || Buffer.compare(utf8(a.name), utf8(b.name)),
  );
}

function encodeHeader(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Null prototype: a tensor or key may have any name.
  const entries = Object.create(null) as Record<string, unknown>;
  const names = new Set<string>();
  const fields: string[] = [];
  for (const [key, value] of Object.entries(metadata)) entries[key] = value;
  if (Object.keys(entries).length > 0) fields.push(`"__metadata__":${JSON.stringify(entries)}`);
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    if (names.has(name) || name === "__metadata__") {
      throw new RangeError(
        `writeSafetensors: expected every tensor name once, got ${JSON.stringify(name)} twice`,
      );
    }
    names.add(name);
    const end = offset + byteLengthOf(dtype, shape);
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const json = utf8(`{${fields.join(",")}}`);
  const paddedLength = Math.ceil(json.byteLength / HEADER_ALIGNMENT) * HEADER_ALIGNMENT;
  const header = Buffer.alloc(LENGTH_BYTES + paddedLength, " ");
  header.writeBigUInt64LE(BigInt(paddedLength), 0);
  header.set(json, LENGTH_BYTES);
  return header;
}

async function writeTensor(handle: FileHandle, { name, dtype, shape, data }: TensorToWrite): Promise<void> {
  const given = typeof data === "function" ? await data() : data;
  const expected = byteLengthOf(dtype, shape);
  const expectBytes = (isRight: boolean, bytes: number): void => {
    if (isRight) return;
    throw new RangeError(
      `writeSafetensors: expected ${expected} bytes for ${JSON.stringify(name)}, ${dtype} of shape ` +
        `[${shape.join(", ")}], got ${bytes}`,
    );
  };
  let bytes = 0;
  for await (const piece of ArrayBuffer.isView(given) ? [given] : given) {
    bytes += piece.byteLength;
    expectBytes(bytes <= expected, bytes);
    await writeAll(handle, littleEndianBytes(piece, dtypeSizes[dtype]));
  }
  expectBytes(bytes === expected, bytes);
}

function byteLengthOf(dtype: Dtype, shape: readonly number[]): number {
  return dtypeSizes[dtype] * elementCount(shape);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(PIECE_BYTES, bytes.byteLength - done));
    done += bytesWritten;
  }
}

function utf8(text: string): Buffer {
  return Buffer.from(text, "utf8");
}
