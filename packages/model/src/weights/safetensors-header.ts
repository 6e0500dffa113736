import { decodeJson, isRecord, type MakeFault, type Phrase, phrase } from "@lathe/files";
import { WeightsError, quote } from "../errors.js";
import { type Dtype, dtypes, dtypeSizes, type TensorInfo } from "./tensor-info.js";

/** Bytes of the length field that a safetensors file begins with. */
export const LENGTH_BYTES = 8;

/** Longest header that is read, in bytes. The reference implementation has the same limit; without one, a file that lies could ask for any amount of memory. */
export const HEADER_BYTES_LIMIT = 100_000_000;

const OPENING_BRACE = 0x7b;

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Length of the header, from the first eight bytes of the file.
 * @throws WeightsError when the length cannot be true
 */
export function headerLength(lengthField: Uint8Array, path: string, fileSize: number): number {
  const view = new DataView(lengthField.buffer, lengthField.byteOffset, lengthField.byteLength);
  const length = view.getBigUint64(0, true);
  const room = fileSize - LENGTH_BYTES;
  if (length > HEADER_BYTES_LIMIT) {
    throw new WeightsError({
      path,
      expected: phrase`a header of at most ${HEADER_BYTES_LIMIT} bytes`,
      actual: phrase`a header length of ${String(length)}`,
      remedy: "this is not a safetensors file, or it is damaged",
    });
  }
  if (length > room) {
    throw new WeightsError({
      path,
      expected: phrase`a header that fits into the file of ${fileSize} bytes`,
      actual: phrase`a header length of ${String(length)}`,
      remedy: "the file is cut short or damaged; download it again",
    });
  }
  return Number(length);
}

/**
 * Reads a header strictly: known types, whole shapes, data that fills the rest of the file without holes or overlaps.
 * @param header the bytes after the length field
 * @throws WeightsError that names the tensor at fault
 */
export function parseSafetensorsHeader(
  header: Uint8Array,
  path: string,
  fileSize: number,
): SafetensorsHeader {
  const entries = parseObject(header, path);
  const dataStart = LENGTH_BYTES + header.byteLength;
  const tensors = new Map<string, TensorInfo>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, entry] of entries) {
    if (name === "__metadata__") {
      metadata = parseMetadata(entry, path);
    } else {
      tensors.set(name, parseTensor(name, entry, path, dataStart, fileSize));
    }
  }
  checkLayout([...tensors.values()], path, dataStart, fileSize);
  return { tensors, metadata };
}

function parseObject(header: Uint8Array, path: string): [string, unknown][] {
  if (header[0] !== OPENING_BRACE) {
    const actual = header.byteLength === 0 ? "an empty one" : phrase`one that starts with byte ${header[0]}`;
    throw new WeightsError({ path, expected: "a JSON object as header", actual });
  }
  const makeFault: MakeFault = (expected, actual, cause) =>
    new WeightsError({ path, expected: phrase`a header of ${expected}`, actual, cause });
  // Tensors may have any name, and entries are read one by one.
  const parsed = decodeJson(header, makeFault, { takesPrototypeKey: true });
  // A text that starts with a brace and parses is an object.
  return Object.entries(parsed as object);
}

/** Null stands for no metadata, as in the Rust library. */
function parseMetadata(entry: unknown, path: string): ReadonlyMap<string, string> {
  if (entry === null) return new Map();
  if (!isRecord(entry)) {
    throw new WeightsError({
      path,
      expected: "__metadata__ to be an object of strings",
      actual: quote(entry),
    });
  }
  const metadata = new Map<string, string>();
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== "string") {
      throw new WeightsError({
        path,
        expected: `__metadata__ to hold strings only`,
        actual: phrase`${quote(value)} for key ${quote(key)}`,
      });
    }
    metadata.set(key, value);
  }
  return metadata;
}

function parseTensor(
  name: string,
  entry: unknown,
  path: string,
  dataStart: number,
  fileSize: number,
): TensorInfo {
  const fault = (expected: string | Phrase, actual: string | Phrase, remedy?: string | Phrase) =>
    new WeightsError({
      path,
      tensor: name,
      expected,
      actual,
      ...(remedy === undefined ? {} : { remedy }),
    });

  if (!isRecord(entry)) throw fault("an object with dtype, shape and data_offsets", quote(entry));
  // Only own properties count: a header must not reach what objects inherit.
  const [dtype, shape, offsets] = ["dtype", "shape", "data_offsets"].map((key) =>
    Object.hasOwn(entry, key) ? entry[key] : undefined,
  );
  if (!isDtype(dtype)) throw fault(phrase`a dtype among ${dtypes.join(", ")}`, quote(dtype));
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw fault("a shape of whole numbers from 0 on", quote(shape));
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fault("data_offsets of two whole numbers from 0 on", quote(offsets));
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw fault("data_offsets in rising order", quote(offsets));
  const dataLength = fileSize - dataStart;
  if (end > dataLength) {
    throw fault(
      phrase`data_offsets within the ${dataLength} bytes of data the file has`,
      quote(offsets),
      "the file is cut short or damaged; download it again",
    );
  }
  // By bigint, so that no product overflows into one that fits.
  const elementCount = shape.reduce((product: bigint, size: number) => product * BigInt(size), 1n);
  const expectedLength = elementCount * BigInt(dtypeSizes[dtype]);
  if (expectedLength !== BigInt(end - begin)) {
    throw fault(
      phrase`${String(expectedLength)} bytes for ${dtype} of shape ${quote(shape)}`,
      `${end - begin}`,
    );
  }
  return {
    name,
    dtype,
    shape,
    elementCount: Number(elementCount),
    byteOffset: dataStart + begin,
    byteLength: end - begin,
  };
}

/** The format wants the tensors to follow each other from the first byte of data to the last of the file. */
function checkLayout(tensors: TensorInfo[], path: string, dataStart: number, fileSize: number): void {
  tensors.sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let filledTo = dataStart;
  for (const { name, byteOffset, byteLength } of tensors) {
    if (byteOffset !== filledTo) {
      throw new WeightsError({
        path,
        tensor: name,
        expected: phrase`data from byte ${filledTo - dataStart} on, where the tensor before it ends`,
        actual:
          byteOffset < filledTo
            ? phrase`an overlap: data from byte ${byteOffset - dataStart} on`
            : phrase`a hole: data from byte ${byteOffset - dataStart} on`,
      });
    }
    filledTo = byteOffset + byteLength;
  }
  if (filledTo !== fileSize) {
    throw new WeightsError({
      path,
      expected: phrase`the file to end after its last tensor, at byte ${filledTo}`,
      actual: phrase`${fileSize} bytes`,
    });
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(dtypeSizes, value);
}
