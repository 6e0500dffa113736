import { open } from "node:fs/promises";
import {
  type Data,
  Field,
  Float64,
  Int32,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from "apache-arrow";
import { TOKEN_FILE_VERSION, type TokenFileMetadata, type TokenRow } from "./token-row.js";

// A batch is what a reader decodes to get at one row: half a megabyte of ids and labels, unless one row is larger.
const BATCH_TOKENS = 65_536;
const BATCH_ROWS = 4096; // rows may be very short

/** A row to write; its number defaults to its position, its weight to 1. */
export type TokenRowInput = Omit<TokenRow, "row"> & Partial<Pick<TokenRow, "row">>;

/**
 * Streams token rows into an Arrow IPC stream, in record batches of bounded size: the form that Hugging Face `datasets` maps into
 * memory (`Dataset.from_file`). An existing file is overwritten.
 *
 * @returns the number of rows
 * @throws RangeError when a row has not as many labels as ids
 */
export async function writeTokenFile(
  path: string,
  rows: Iterable<TokenRowInput> | AsyncIterable<TokenRowInput>,
  metadata: TokenFileMetadata,
): Promise<number> {
  const schema = tokenSchema(metadata);
  const encoder = new BatchEncoder(schema);
  const file = await open(path, "w");
  let written = 0;
  try {
    let pending: TokenRow[] = [];
    let tokens = 0;
    for await (const { inputIds, labels, row = written, weight = 1 } of rows) {
      if (inputIds.length !== labels.length) {
        throw new RangeError(
          `row ${row}: expected ${inputIds.length} labels, one for each id, got ${labels.length}`,
        );
      }
      pending.push({ inputIds, labels, row, weight });
      tokens += inputIds.length;
      written += 1;
      if (tokens >= BATCH_TOKENS || pending.length >= BATCH_ROWS) {
        await file.writeFile(encoder.encode(tokenBatch(schema, pending)));
        pending = [];
        tokens = 0;
      }
    }
    if (pending.length > 0) await file.writeFile(encoder.encode(tokenBatch(schema, pending)));
    await file.writeFile(encoder.end());
    await file.sync();
  } finally {
    await file.close();
  }
  return written;
}

/**
 * Arrow's stream writer with its bytes handed out after each batch. Its own streams cannot be used: a source that fails
 * leaves a rejected promise behind that nobody can handle, and Node ends the process for it.
 */
class BatchEncoder extends RecordBatchStreamWriter {
  #chunks: Uint8Array[] = [];

  constructor(schema: Schema) {
    super();
    this.reset(undefined, schema);
  }

  /** The bytes of a batch, and of the file's beginning before the first. */
  encode(batch: RecordBatch): Buffer {
    this.write(batch);
    return this.#take();
  }

  /** The bytes that end the file. */
  end(): Buffer {
    this.close();
    return this.#take();
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started) return this;
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#chunks.push(bytes);
    this._position += bytes.length;
    return this;
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return bytes;
  }
}

// May be null by the schema, as the columns of Hugging Face `datasets` are, which then maps them as they are; none is.
const TOKEN_LIST = new List(new Field("item", new Int32(), true));

function tokenSchema(metadata: TokenFileMetadata): Schema {
  const entries = Object.entries<unknown>({ version: TOKEN_FILE_VERSION, ...metadata })
    .filter(([, value]) => value !== null)
    .map(([key, value]) => [`lathe.${key}`, String(value)] as const);
  const fields = [
    new Field("input_ids", TOKEN_LIST, true),
    new Field("labels", TOKEN_LIST, true),
    new Field("row", new Int32(), true),
    new Field("weight", new Float64(), true),
  ];
  return new Schema(fields, new Map(entries));
}

function tokenBatch(schema: Schema, rows: readonly TokenRow[]): RecordBatch {
  const children = [
    listData(rows.map(({ inputIds }) => inputIds)),
    listData(rows.map(({ labels }) => labels)),
    makeData({ type: new Int32(), data: Int32Array.from(rows, ({ row }) => row) }),
    makeData({ type: new Float64(), data: Float64Array.from(rows, ({ weight = 1 }) => weight) }),
  ];
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children }),
  );
}

function listData(lists: readonly Int32Array[]): Data<List<Int32>> {
  const valueOffsets = new Int32Array(lists.length + 1);
  lists.forEach((list, index) => (valueOffsets[index + 1] = valueOffsets[index] + list.length));
  const values = new Int32Array(valueOffsets[lists.length]);
  lists.forEach((list, index) => values.set(list, valueOffsets[index]));
  return makeData({
    type: TOKEN_LIST,
    length: lists.length,
    nullCount: 0,
    valueOffsets,
    child: makeData({ type: new Int32(), data: values }),
  });
}
