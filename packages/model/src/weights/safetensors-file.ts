import { elementCount } from "../element-count.js";
import { constants } from "node:buffer";
import { type Stats, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { isSystemError, type MakeFault, statIfThere, type Phrase, phrase, phraseOfError } from "@lathe/files";
import { WeightsError, quote } from "../errors.js";
import type { StoredWeights, OpenWeightsOptions } from "./stored-weights.js";
import { joinedStretches, MappedFile, type Stretch } from "./mapped-file.js";
import { swapOnBigEndianHost } from "./little-endian.js";
import { headerLength, LENGTH_BYTES, parseSafetensorsHeader } from "./safetensors-header.js";
import { dtypeSizes, type HeldTensor, type RowRange, type TensorInfo } from "./tensor-info.js";
import type { WeightMemory } from "@lathe/tensor";
import { widensToFloat32, widenToFloat32 } from "./widen-to-float32.js";

/** Bytes that are converted at a time, all the room that a conversion needs beside its result: a multiple of every element size. */
const PIECE_BYTES = 16 * 1024 * 1024;

/** Bytes asked for in one read, which goes on beside what the process computes: below the 2 GB that one system call can take. */
const READ_BYTES = 2 ** 30;

/** Bytes of a file that are mapped at one time: Node 20 takes 4 GiB from addons, and shards may be longer. */
const STRETCH_BYTES = 2 ** 31;

/** A multiple of every element size. */
const STRETCH_ALIGNMENT = 8;

/** The longest buffer that the runtime takes from addons; a longer tensor is read. */
const LONGEST_BUFFER = constants.MAX_LENGTH - STRETCH_ALIGNMENT;

/** One safetensors file, open for reading. */
export interface SafetensorsFile extends StoredWeights {
  /** The strings of `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Opens a safetensors file, reads and checks its header, and leaves the data on disk.
 * @throws WeightsError when the file is missing, cut short or malformed
 */
export async function openSafetensors(
  path: string,
  options: OpenWeightsOptions = {},
): Promise<SafetensorsFile> {
  const makeFault: MakeFault = (expected, actual, cause) =>
    new WeightsError({ path, expected, actual, cause });
  // Asked before opening: opening a named pipe would wait for a writer.
  const found = await statIfThere(path, makeFault);
  if (found === null) throw makeFault("a safetensors file", "no such file");
  if (!found.isFile()) throw makeFault("a safetensors file", "something that is not a file");
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw makeFault("a readable file", phraseOfError(cause), cause);
  });
  try {
    const stats = await handle.stat();
    const { size } = stats;
    if (size < LENGTH_BYTES) {
      throw makeFault(phrase`a safetensors file of at least ${LENGTH_BYTES} bytes`, phrase`${size} bytes`);
    }
    const lengthField = new Uint8Array(LENGTH_BYTES);
    await readInto(handle, path, lengthField, 0);
    const headerBytes = new Uint8Array(headerLength(lengthField, path, size));
    await readInto(handle, path, headerBytes, LENGTH_BYTES);
    const { tensors, metadata } = parseSafetensorsHeader(headerBytes, path, size);
    const { memory = null, isMapped = true } = options;
    const mapped = memory && isMapped ? mappedFile(memory, path, stats, tensors) : null;
    return openedFile(handle, path, tensors, metadata, memory, mapped);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function openedFile(
  handle: FileHandle,
  path: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  metadata: ReadonlyMap<string, string>,
  memory: WeightMemory | null,
  mapped: MappedFile | null,
): SafetensorsFile {
  let isClosed = false;
  const info = (name: string): TensorInfo => {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new WeightsError({ path, tensor: name, expected: "the tensor", actual: "no such tensor" });
    }
    return tensor;
  };
  const sliceOf = (name: string, rows: RowRange | undefined): TensorInfo => {
    if (isClosed)
      throw new Error(`${path}: expected an open file to read ${quote(name)} from, got a closed one`);
    return rows === undefined ? info(name) : rowsOf(info(name), rows);
  };
  const readRaw: StoredWeights["readRaw"] = async (name, rows, target) => {
    const { dtype, shape, byteOffset, byteLength } = sliceOf(name, rows);
    if (target && target.byteLength < byteLength) {
      throw new RangeError(
        `${quote(name)}: expected a target of at least ${byteLength} bytes, got ${target.byteLength}`,
      );
    }
    const bytes = target?.subarray(0, byteLength) ?? new Uint8Array(byteLength);
    await readInto(handle, path, bytes, byteOffset);
    return { dtype, shape, bytes };
  };
  return {
    path,
    metadata,
    memory,
    names: () => [...tensors.keys()],
    has: (name) => tensors.has(name),
    info,
    pathOf: (name) => (info(name), path),
    readRaw,
    async hold(name): Promise<HeldTensor> {
      const { dtype, shape, byteOffset, byteLength } = sliceOf(name, undefined);
      if (mapped === null || byteOffset % dtypeSizes[dtype] !== 0 || byteLength > LONGEST_BUFFER) {
        return { ...(await readRaw(name)), release: () => undefined };
      }
      return { dtype, shape, ...mapped.hold({ offset: byteOffset, length: byteLength }) };
    },
    async readFloat32(name, rows): Promise<Float32Array<ArrayBuffer>> {
      const slice = sliceOf(name, rows);
      if (!widensToFloat32(slice.dtype)) {
        throw new WeightsError({
          path,
          tensor: name,
          expected: "a dtype that reads as float32",
          actual: phrase`${slice.dtype}, whose scales lie in other tensors`,
        });
      }
      return await readWidened(handle, path, slice);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      mapped?.close();
      await handle.close();
    },
  };
}

/** The file, to be mapped as its tensors lie in it. */
function mappedFile(
  memory: WeightMemory,
  path: string,
  opened: Stats,
  tensors: ReadonlyMap<string, TensorInfo>,
): MappedFile {
  const parts = [...tensors.values()]
    .map(({ byteOffset, byteLength }) => ({ offset: byteOffset, length: byteLength }))
    .sort((one, other) => one.offset - other.offset);
  const stretches = joinedStretches(parts, STRETCH_BYTES).map(({ offset, length }) => {
    // From a multiple of every element's size on, so that the file decides alone how its tensors are aligned.
    const start = offset - (offset % STRETCH_ALIGNMENT);
    return { offset: start, length: offset + length - start };
  });
  return new MappedFile(memory, stretches, (stretch) => mapChecked(memory, path, opened, stretch));
}

/** @throws WeightsError when the path leads to another file than the one that was opened */
function mapChecked(
  memory: WeightMemory,
  path: string,
  opened: Stats,
  { offset, length }: Stretch,
): ArrayBuffer {
  const fault = (actual: string | Phrase, cause?: unknown): WeightsError =>
    new WeightsError({
      path,
      expected: "the file that was opened",
      actual,
      remedy: "it was exchanged or changed meanwhile; load the model again",
      cause,
    });
  try {
    const now = statSync(path);
    if (now.dev === opened.dev && now.ino === opened.ino && now.mtimeMs === opened.mtimeMs) {
      return memory.mapFile(path, offset, length);
    }
  } catch (cause) {
    throw fault(
      isSystemError(cause) && cause.code === "ENOENT" ? "no such file" : phraseOfError(cause),
      cause,
    );
  }
  throw fault("another or a changed one");
}

function rowsOf(tensor: TensorInfo, { start, end }: RowRange): TensorInfo {
  const [rowCount, ...rest] = tensor.shape;
  const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end;
  if (rowCount === undefined || !isRange || end > rowCount) {
    throw new RangeError(
      `${quote(tensor.name)}: expected rows within [0, ${rowCount ?? 0}), got [${start}, ${end})`,
    );
  }
  const rowElements = elementCount(rest);
  const rowBytes = rowElements * dtypeSizes[tensor.dtype];
  return {
    ...tensor,
    shape: [end - start, ...rest],
    elementCount: (end - start) * rowElements,
    byteOffset: tensor.byteOffset + start * rowBytes,
    byteLength: (end - start) * rowBytes,
  };
}

async function readWidened(
  handle: FileHandle,
  path: string,
  { dtype, elementCount, byteOffset, byteLength }: TensorInfo,
): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(elementCount);
  if (dtype === "F32") {
    const bytes = new Uint8Array(values.buffer);
    await readInto(handle, path, bytes, byteOffset);
    swapOnBigEndianHost(bytes, dtypeSizes.F32);
    return values;
  }
  const piece = new Uint8Array(Math.min(PIECE_BYTES, byteLength));
  const elementBytes = dtypeSizes[dtype];
  for (let done = 0; done < byteLength; done += piece.byteLength) {
    const part = piece.subarray(0, Math.min(piece.byteLength, byteLength - done));
    await readInto(handle, path, part, byteOffset + done);
    widenToFloat32(
      dtype,
      part,
      values.subarray(done / elementBytes, (done + part.byteLength) / elementBytes),
    );
  }
  return values;
}

/** Fills `target` with the bytes from `position` on. */
async function readInto(
  handle: FileHandle,
  path: string,
  target: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < target.byteLength) {
    const length = Math.min(READ_BYTES, target.byteLength - done);
    const { bytesRead } = await handle.read(target, done, length, position + done).catch((cause: unknown) => {
      throw new WeightsError({
        path,
        expected: phrase`${target.byteLength} bytes from byte ${position} on`,
        actual: phrase`${done}, then ${phraseOfError(cause)}`,
        remedy:
          "the disk or its file system is at fault: look at what the system says of it, or copy the file to another",
        cause,
      });
    });
    if (bytesRead === 0) {
      throw new WeightsError({
        path,
        expected: phrase`${target.byteLength} bytes from byte ${position} on`,
        actual: phrase`${done}, then the end of the file`,
        remedy: "the file was cut while it was open",
      });
    }
    done += bytesRead;
  }
}
