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
import { OutputFile } from "../spill/output-file.js";
import type { WrittenFile } from "../spill/written-file.js";
import { TOKEN_FILE_VERSION, type TokenFileMetadata, type TokenRow } from "./token-row.js";

// A batch is what a reader decodes to get at one row: half a megabyte of ids and labels, unless one row is larger.
const BATCH_TOKENS = 65_536;
const BATCH_ROWS = 4096; // rows may be very short

/** A row to write; its number defaults to its position, its weight to 1. */
export type TokenRowInput = Omit<TokenRow, "row"> & Partial<Pick<TokenRow, "row">>;

/**
 * Writes token rows one by one into an Arrow IPC stream, in record batches of bounded size. What a batch needs is kept from one to the
 * next, so that a file of any length leaves nothing behind for the garbage collector. The file is on the disk once `close` has resolved.
 */
export class TokenFileWriter {
  readonly #file: OutputFile;
  readonly #schema: Schema;
  readonly #encoder: BatchEncoder;
  readonly #offsets = new Int32Array(BATCH_ROWS + 1);
  readonly #rows = new Int32Array(BATCH_ROWS);
  readonly #weights = new Float64Array(BATCH_ROWS);
  #ids = new Int32Array(BATCH_TOKENS);
  #labels = new Int32Array(BATCH_TOKENS);
  #pending = 0;
  #written = 0;

  private constructor(file: OutputFile, metadata: TokenFileMetadata) {
    this.#file = file;
    this.#schema = tokenSchema(metadata);
    this.#encoder = new BatchEncoder(this.#schema);
  }

  /** Creates a file; an existing one is overwritten. */
  static async create(path: string, metadata: TokenFileMetadata): Promise<TokenFileWriter> {
    return new TokenFileWriter(await OutputFile.create(path, "w"), metadata);
  }

  /** Adds a row, whose arrays are copied. @throws RangeError when it has not as many labels as ids */
  async add({ inputIds, labels, row, weight = 1 }: TokenRowInput): Promise<void> {
    const number = row ?? this.#written + this.#pending;
    if (inputIds.length !== labels.length) {
      throw new RangeError(
        `row ${number}: expected ${inputIds.length} labels, one for each id, got ${labels.length}`,
      );
    }
    const start = this.#offsets[this.#pending];
    const end = start + inputIds.length;
    if (end > this.#ids.length) {
      this.#ids = lengthened(this.#ids, start, end);
      this.#labels = lengthened(this.#labels, start, end);
    }
    this.#ids.set(inputIds, start);
    this.#labels.set(labels, start);
    this.#rows[this.#pending] = number;
    this.#weights[this.#pending] = weight;
    this.#pending += 1;
    this.#offsets[this.#pending] = end;
    if (end >= BATCH_TOKENS || this.#pending === BATCH_ROWS) await this.#flush();
  }

  /** Writes the rest, waits for the disk and closes the file. */
  async close(): Promise<WrittenFile> {
    if (this.#pending > 0) await this.#flush();
    await this.#file.write(this.#encoder.end());
    return { rows: this.#written, ...(await this.#file.close()) };
  }

  /** Closes the file after a failure elsewhere; what is in it does not matter any more. */
  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  async #flush(): Promise<void> {
    const length = this.#pending;
    const children = [
      this.#list(this.#ids),
      this.#list(this.#labels),
      makeData({ type: new Int32(), data: this.#rows.subarray(0, length) }),
      makeData({ type: new Float64(), data: this.#weights.subarray(0, length) }),
    ];
    const type = new Struct(this.#schema.fields);
    const batch = new RecordBatch(this.#schema, makeData({ type, length, nullCount: 0, children }));
    await this.#file.write(this.#encoder.encode(batch));
    this.#written += length;
    this.#pending = 0;
  }

  #list(values: Int32Array): Data<List<Int32>> {
    const length = this.#pending;
    return makeData({
      type: TOKEN_LIST,
      length,
      nullCount: 0,
      valueOffsets: this.#offsets.subarray(0, length + 1),
      child: makeData({ type: new Int32(), data: values.subarray(0, this.#offsets[length]) }),
    });
  }
}

/** A longer array of the same first values, with as much room again as is needed now. */
function lengthened(values: Int32Array, used: number, needed: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(needed * 2);
  longer.set(values.subarray(0, used));
  return longer;
}

/**
 * Arrow's stream writer with its bytes handed out after each batch. Its own streams cannot be used: a source that fails
 * leaves a rejected promise behind that nobody can handle, and Node ends the process for it.
 */
class BatchEncoder extends RecordBatchStreamWriter {
  #bytes = Buffer.alloc(0);
  #size = 0;

  constructor(schema: Schema) {
    super();
    this.reset(undefined, schema);
  }

  /** The bytes of a batch, and of the file's beginning before the first; they are there until the next call. */
  encode(batch: RecordBatch): Uint8Array {
    this.write(batch);
    return this.#take();
  }

  /** The bytes that end the file. */
  end(): Uint8Array {
    this.close();
    return this.#take();
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started) return this;
    const end = this.#size + chunk.byteLength;
    if (end > this.#bytes.length) {
      const longer = Buffer.allocUnsafeSlow(end * 2);
      longer.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = longer;
    }
    this.#bytes.set(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength), this.#size);
    this.#size = end;
    this._position += chunk.byteLength;
    return this;
  }

  #take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#size);
    this.#size = 0;
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
