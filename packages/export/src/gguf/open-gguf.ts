import { type FileHandle, open } from "node:fs/promises";
import { readSync } from "node:fs";
import { asPhrase, phrase, phraseOfError, type Phrase, statIfThere } from "@lathe/files";
import type { RowRange } from "@lathe/model";
import { ExportError, quote } from "../errors.js";
import { type BlockFormatName, blockFormatNames, blockFormats } from "./blocks/blocks.js";
import {
  ARRAY_ID,
  GGUF_ALIGNMENT,
  GGUF_MAGIC,
  type GgufMetadata,
  ggufScalars,
  type GgufScalarType,
  type GgufValue,
} from "./gguf-value.js";

/** Longest header that is read, in bytes; vocabularies of 250,000 tokens take 20 MB. */
const HEADER_LIMIT = 100_000_000;

/** Bytes of the header that are read at one time. */
const CHUNK_BYTES = 1 << 20;

/** Axes of a tensor at most. */
const MOST_AXES = 4;

/** Decoding more at one time would take more memory than a tensor of a large model's rows. */
const PIECE_VALUES = 4 * 1024 * 1024;

/** Numbers that llama.cpp has for formats which are not read, for messages. */
const otherFormats: Readonly<Record<number, string>> = {
  3: "Q4_1",
  7: "Q5_1",
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  13: "Q5_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
};

/** What a file says of one tensor. */
export interface GgufTensor {
  readonly name: string;
  /** Row-major, the outermost axis first. */
  readonly shape: readonly number[];
  readonly format: BlockFormatName;
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** A GGUF file, open for reading. */
export interface GgufFile {
  readonly path: string;
  readonly metadata: GgufMetadata;
  /** By name. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /**
   * A tensor, or rows of its first axis, as float32 in row-major order.
   * @throws ExportError when there is no such tensor or the file has been cut
   */
  readFloat32(name: string, rows?: RowRange): Promise<Float32Array>;
  /** Closes the file; closing twice is harmless. */
  close(): Promise<void>;
}

type MakeFault = (expected: string | Phrase, actual: string | Phrase, part?: string) => ExportError;

/** The header, read from its start on and held to the file's size at each step. */
class HeaderReader {
  #chunk = Buffer.alloc(0);
  #start = 0;
  #at = 0;

  constructor(
    readonly descriptor: number,
    readonly size: number,
    readonly fault: MakeFault,
  ) {}

  /** Bytes read so far. */
  get position(): number {
    return this.#start + this.#at;
  }

  /** The next bytes, valid until the next call. */
  take(bytes: number): Buffer {
    const end = this.position + bytes;
    if (end > this.size) {
      throw this.fault(
        phrase`${bytes} bytes from byte ${this.position} on`,
        phrase`the end of the file at byte ${this.size}`,
      );
    }
    if (end > HEADER_LIMIT)
      throw this.fault(phrase`a header of at most ${HEADER_LIMIT} bytes`, "a longer one");
    if (this.#at + bytes > this.#chunk.byteLength) this.#refill(bytes);
    const taken = this.#chunk.subarray(this.#at, this.#at + bytes);
    this.#at += bytes;
    return taken;
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  /** A whole number of 64 bits that counts something in the file. */
  count(what: string): number {
    const at = this.position;
    const value = this.take(8).readBigUInt64LE();
    // Whatever is counted takes a byte of the file or names one of its numbers.
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.fault(phrase`${asPhrase(what)} below 2^53 at byte ${at}`, String(value));
    }
    return Number(value);
  }

  string(what: string): string {
    const length = this.count(what);
    return this.take(length).toString("utf8");
  }

  /** Refuses a count of things that the rest of the file is too short for. */
  checkRoom(count: number, bytes: number, what: string): void {
    const rest = this.size - this.position;
    if (count > rest / bytes) {
      throw this.fault(
        phrase`${asPhrase(what)} that the remaining ${rest} bytes of the file can hold`,
        String(count),
      );
    }
  }

  #refill(bytes: number): void {
    const start = this.position;
    const chunk = Buffer.alloc(Math.min(Math.max(bytes, CHUNK_BYTES), this.size - start));
    let done = 0;
    while (done < chunk.byteLength) {
      const count = readSync(this.descriptor, chunk, done, chunk.byteLength - done, start + done);
      if (count === 0) throw this.fault("the file as long as it was", "one that has been cut meanwhile");
      done += count;
    }
    this.#chunk = chunk;
    this.#start = start;
    this.#at = 0;
  }
}

const scalarNames = Object.keys(ggufScalars) as GgufScalarType[];

function scalarType(id: number, reader: HeaderReader, key: string): GgufScalarType {
  const type = scalarNames.find((name) => ggufScalars[name].id === id);
  if (type === undefined) throw reader.fault("a type of value from 0 to 12", String(id), key);
  return type;
}

function readScalar(type: GgufScalarType, reader: HeaderReader): number | boolean | string {
  if (type === "string") return reader.string("the length of a text");
  const bytes = reader.take(ggufScalars[type].bytes);
  switch (type) {
    case "u8":
      return bytes.readUInt8();
    case "i8":
      return bytes.readInt8();
    case "u16":
      return bytes.readUInt16LE();
    case "i16":
      return bytes.readInt16LE();
    case "u32":
      return bytes.readUInt32LE();
    case "i32":
      return bytes.readInt32LE();
    case "f32":
      return bytes.readFloatLE();
    case "bool":
      return bytes.readUInt8() !== 0;
    case "u64":
      return Number(bytes.readBigUInt64LE());
    case "i64":
      return Number(bytes.readBigInt64LE());
    case "f64":
      return bytes.readDoubleLE();
  }
}

function readValue(reader: HeaderReader, key: string): GgufValue {
  const id = reader.u32();
  if (id !== ARRAY_ID) {
    const type = scalarType(id, reader, key);
    return { type, value: readScalar(type, reader) } as GgufValue;
  }
  const of = scalarType(reader.u32(), reader, key);
  const length = reader.count("the length of a list");
  reader.checkRoom(length, ggufScalars[of].bytes, "a list");
  const value: (number | boolean | string)[] = [];
  for (let i = 0; i < length; i++) value.push(readScalar(of, reader));
  return { type: "array", of, value };
}

/** A tensor of the table; its offset counts from the start of the data. */
function readTensor(reader: HeaderReader): GgufTensor {
  const name = reader.string("the length of a tensor's name");
  const axes = reader.u32();
  if (axes < 1 || axes > MOST_AXES) throw reader.fault(phrase`1 to ${MOST_AXES} axes`, String(axes), name);
  const shape = Array.from({ length: axes }, () => reader.count("an axis")).reverse();
  const id = reader.u32();
  const format = blockFormatNames.find((known) => blockFormats[known].id === id);
  const offset = reader.count("an offset");
  if (format === undefined) {
    const actual = Object.hasOwn(otherFormats, id) ? otherFormats[id] : phrase`number ${id}`;
    throw reader.fault(phrase`a format among ${blockFormatNames.join(", ")}`, actual, name);
  }
  const { values, bytes } = blockFormats[format];
  const elements = shape.reduce((all, size) => all * size, 1);
  if (shape.includes(0) || !Number.isSafeInteger(elements)) {
    throw reader.fault("axes from 1 on whose product is below 2^53", `[${shape.join(", ")}]`, name);
  }
  if (shape[axes - 1] % values !== 0) {
    throw reader.fault(
      phrase`rows of a multiple of ${values} numbers for ${format}`,
      `[${shape.join(", ")}]`,
      name,
    );
  }
  return { name, shape, format, offset, bytes: (elements / values) * bytes };
}

function readHeader(reader: HeaderReader): Pick<GgufFile, "metadata" | "tensors"> {
  const { fault } = reader;
  const magic = reader.take(4).toString("latin1");
  if (magic !== GGUF_MAGIC) throw fault(phrase`a file that begins with ${GGUF_MAGIC}`, quote(magic));
  const version = reader.u32();
  if (version !== 2 && version !== 3) throw fault("version 2 or 3, little-endian", String(version));
  const tensorCount = reader.count("a number of tensors");
  const valueCount = reader.count("a number of values");
  // A tensor takes a name, an axis, a format and an offset; a value a key, a type and a byte.
  reader.checkRoom(tensorCount, 32, "tensors");
  reader.checkRoom(valueCount, 13, "values");
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < valueCount; i++) {
    const key = reader.string("the length of a key");
    if (metadata.has(key)) throw fault("each key once", "it twice", key);
    metadata.set(key, readValue(reader, key));
  }
  const given = metadata.get("general.alignment");
  const alignment = given === undefined ? GGUF_ALIGNMENT : Number(given.value);
  if (!Number.isSafeInteger(alignment) || alignment < 8 || alignment > 1 << 20 || alignment % 8 !== 0) {
    throw fault("an alignment that is a multiple of 8", String(alignment), "general.alignment");
  }
  const listed = Array.from({ length: tensorCount }, () => readTensor(reader));
  const start = Math.ceil(reader.position / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const tensor of listed) {
    const { name, bytes } = tensor;
    const offset = start + tensor.offset;
    if (tensors.has(name)) throw fault("each tensor once", "it twice", name);
    if (tensor.offset % alignment !== 0) {
      throw fault(phrase`an offset that is a multiple of ${alignment}`, String(tensor.offset), name);
    }
    if (offset + bytes > reader.size) {
      throw fault(
        phrase`data up to byte ${offset + bytes}`,
        phrase`the end of the file at byte ${reader.size}`,
        name,
      );
    }
    tensors.set(name, { ...tensor, offset });
  }
  return { metadata, tensors };
}

/**
 * Opens a GGUF file of version 2 or 3, reads and checks its header, and leaves the data on disk.
 * @throws ExportError when the file is missing, cut, malformed, or holds tensors in formats that are not read
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const fault: MakeFault = (expected, actual, part) =>
    new ExportError({
      path,
      part,
      expected,
      actual,
      remedy:
        "the file is damaged, cut or of a kind that is not read; take another one of the model, such as Q8_0",
    });
  const found = await statIfThere(
    path,
    (expected, actual, cause) => new ExportError({ path, expected, actual, cause }),
  );
  if (!found?.isFile()) {
    throw new ExportError({
      path,
      expected: "a GGUF file",
      actual: found ? "something that is not a file" : "no such file",
    });
  }
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw new ExportError({ path, expected: "a readable file", actual: phraseOfError(cause), cause });
  });
  try {
    const { size } = await handle.stat();
    return openedFile(path, handle, readHeader(new HeaderReader(handle.fd, size, fault)), fault);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function openedFile(
  path: string,
  handle: FileHandle,
  { metadata, tensors }: Pick<GgufFile, "metadata" | "tensors">,
  fault: MakeFault,
): GgufFile {
  let isClosed = false;
  return {
    path,
    metadata,
    tensors,
    async readFloat32(name, rows) {
      const tensor = tensors.get(name);
      if (!tensor) throw fault("the tensor", "no such tensor", name);
      const { values, bytes } = blockFormats[tensor.format];
      const [rowCount, ...rest] = tensor.shape;
      const columns = rest.reduce((all, size) => all * size, 1);
      const { start, end } = rows ?? { start: 0, end: rowCount };
      const result = new Float32Array((end - start) * columns);
      const blocks = result.length / values;
      const step = Math.max(1, Math.floor(PIECE_VALUES / values));
      const first = tensor.offset + ((start * columns) / values) * bytes;
      for (let block = 0; block < blocks; block += step) {
        const count = Math.min(step, blocks - block);
        const piece = new Uint8Array(count * bytes);
        let done = 0;
        while (done < piece.byteLength) {
          const { bytesRead } = await handle.read(
            piece,
            done,
            piece.byteLength - done,
            first + block * bytes + done,
          );
          if (bytesRead === 0)
            throw fault("the file as long as it was", "one that has been cut meanwhile", name);
          done += bytesRead;
        }
        blockFormats[tensor.format].decode(piece, result.subarray(block * values, (block + count) * values));
      }
      return result;
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await handle.close();
    },
  };
}
