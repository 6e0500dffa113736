import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { RecordBatchReader, RecordBatchStreamWriter, type RecordBatch, type Schema } from "apache-arrow";
import { asFileError, InputError, phrase, SpokenError } from "@lathe/files";
import { ArrowGuard } from "./arrow-guard.js";
import { type ArrowDirectory, arrowForm, readArrowDirectory } from "./arrow-directory.js";
import { checkPreparedHash } from "./check-prepared-hash.js";
import type { FileMemory } from "./file-memory.js";
import { checkTokenColumns, tokenColumns, type TokenColumns } from "./token-batch-columns.js";
import { LOSS_TURNS } from "../tokenize/learnt-turns.js";
import { REASONING_POLICIES } from "../tokenize/reasoning.js";
import { asTokenFileError, TokenFileError } from "./token-file-error.js";
import { TOKEN_FILE_VERSION, type TokenFileMetadata } from "./token-row.js";

const END_OF_STREAM_BYTES = 8;
const LONGEST_MAPPING = 2 ** 31; // bytes; a longer file is read

/** Reads ids and labels of a batch from a place among them up to another, and nothing else of the file. */
export type ReadValues = (start: number, end: number) => Pick<TokenColumns, "ids" | "labels">;

/** The columns of a batch. */
export interface LoadedColumns extends TokenColumns {
  /** Left out where the values do not lie in the file as they are, and where the file is mapped. */
  readonly readValues?: ReadValues;
}

/** The record batches of token files, by their index. */
export interface TokenFileBatches {
  /** First row of every batch, and at the end the number of rows. */
  readonly firstRows: readonly number[];
  /** What produced the tokens; null where no Lathe did. */
  readonly metadata: TokenFileMetadata | null;
  /** The columns of a batch: views of the mapped file, or of what was read of it for this call. */
  readonly load: (batch: number) => LoadedColumns;
  /** Whether batches lie in memory already, so that keeping them takes none. */
  readonly isMapped: boolean;
  /** Takes a mapping back; views of it must not be used any more. */
  readonly close: () => void;
}

/**
 * Finds the record batches of a token file, and maps it where a memory is given.
 *
 * @throws TokenFileError as `TokenDataset.open` does
 */
export async function openTokenFileBatches(
  path: string,
  { guard, memory }: { readonly guard?: ArrowGuard | undefined; readonly memory?: FileMemory | undefined },
): Promise<TokenFileBatches> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    throw asFileError(path, "read", error);
  }
  try {
    const form = await arrowForm(path, handle);
    if (!(await checkPreparedHash(path))) await refuseDamage(path, guard);
    const directory = await readArrowDirectory(path, handle, form);
    checkTokenColumns(path, directory.schema);
    const { size, mtimeMs } = await handle.stat();
    const source = { path, directory, known: { size, mtimeMs } };
    const canMap = memory !== undefined && size > 0 && size <= LONGEST_MAPPING;
    const firstRows = [0];
    for (const { rows } of directory.blocks) firstRows.push(firstRows[firstRows.length - 1] + rows);
    return {
      firstRows,
      metadata: readMetadata(path, directory.schema),
      ...(canMap ? mappedBatches(source, memory) : readBatches(source)),
    };
  } catch (error) {
    // Damage shows in many ways once it is believed; a fault of the file system is none.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw asFileError(path, "read", error);
    throw error instanceof InputError ? error : asTokenFileError(path, error);
  } finally {
    await handle.close().catch(() => undefined); // the Arrow reader may have closed it
  }
}

/** A token file whose directory was read, and what it was like then. */
interface TokenFile {
  readonly path: string;
  readonly directory: ArrowDirectory;
  readonly known: { readonly size: number; readonly mtimeMs: number };
}

type Batches = Pick<TokenFileBatches, "load" | "isMapped" | "close">;

async function refuseDamage(path: string, given: ArrowGuard | undefined): Promise<void> {
  const guard = given ?? new ArrowGuard();
  try {
    await guard.check(path);
  } catch (error) {
    throw asTokenFileError(path, error);
  } finally {
    if (given === undefined) await guard.close();
  }
}

function mappedBatches({ path, directory, known }: TokenFile, memory: FileMemory): Batches {
  const mapped = memory.mapFile(path);
  try {
    if (mapped.byteLength !== known.size) throw new TokenFileError(path, "has changed since it was opened");
    const batches = [...(RecordBatchReader.from(new Uint8Array(mapped)) as Iterable<RecordBatch>)];
    if (batches.length !== directory.blocks.length)
      throw new SpokenError("its directory names other batches");
    return {
      isMapped: true,
      load: (number) => columnsOf(path, batches[number], directory.blocks[number].rows),
      close: () => memory.free(mapped),
    };
  } catch (error) {
    memory.free(mapped);
    throw error;
  }
}

function readBatches({ path, directory: { schema, blocks }, known }: TokenFile): Batches {
  const schemaMessage = encodeSchema(schema);
  return {
    isMapped: false,
    load: (number) => {
      const { offset, metadataBytes, bodyBytes, rows } = blocks[number];
      const bytes = Buffer.alloc(schemaMessage.length + metadataBytes + bodyBytes);
      bytes.set(schemaMessage);
      readUnchanged(path, known, [{ target: bytes.subarray(schemaMessage.length), offset }]);
      try {
        const [batch] = RecordBatchReader.from(bytes) as Iterable<RecordBatch>;
        const columns = columnsOf(path, batch, rows);
        // Values that were narrowed or unpacked lie in memory of their own.
        const placeOf = ({ buffer, byteOffset }: Int32Array): number | null =>
          buffer === bytes.buffer ? offset + byteOffset - bytes.byteOffset - schemaMessage.length : null;
        const [ids, labels] = [placeOf(columns.ids), placeOf(columns.labels)];
        if (ids === null || labels === null) return columns;
        return { ...columns, readValues: valuesReader(path, known, { ids, labels }) };
      } catch (error) {
        throw asTokenFileError(path, error);
      }
    },
    close: () => undefined,
  };
}

/** @param at bytes of the file at which the values begin */
function valuesReader(
  path: string,
  known: TokenFile["known"],
  at: { readonly ids: number; readonly labels: number },
): ReadValues {
  return (start, end) => {
    const [ids, labels] = [new Int32Array(end - start), new Int32Array(end - start)];
    const offset = start * Int32Array.BYTES_PER_ELEMENT;
    readUnchanged(path, known, [
      { target: Buffer.from(ids.buffer), offset: at.ids + offset },
      { target: Buffer.from(labels.buffer), offset: at.labels + offset },
    ]);
    return { ids, labels };
  };
}

function columnsOf(path: string, batch: RecordBatch, rows: number): TokenColumns {
  try {
    return tokenColumns(batch, rows);
  } catch (error) {
    throw asTokenFileError(path, error);
  }
}

/** The schema as the message that begins an Arrow stream; a batch behind it can be decoded on its own. */
function encodeSchema(schema: Schema): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  writer.close();
  return writer.toUint8Array(true).slice(0, -END_OF_STREAM_BYTES);
}

function readUnchanged(
  path: string,
  known: { size: number; mtimeMs: number },
  parts: readonly { readonly target: Buffer; readonly offset: number }[],
): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const { size, mtimeMs } = fstatSync(descriptor);
    if (size !== known.size || mtimeMs !== known.mtimeMs) {
      throw new TokenFileError(path, "has changed since it was opened");
    }
    for (const { target, offset } of parts) {
      for (let done = 0; done < target.length;) {
        const bytes = readSync(descriptor, target, done, target.length - done, offset + done);
        if (bytes === 0) throw new TokenFileError(path, "is shorter than when it was opened");
        done += bytes;
      }
    }
  } catch (error) {
    throw asFileError(path, "read", error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readMetadata(path: string, schema: Schema): TokenFileMetadata | null {
  const get = (key: string): string | null => schema.metadata.get(`lathe.${key}`) ?? null;
  const version = get("version");
  if (version === null) return null;
  if (version !== String(TOKEN_FILE_VERSION)) {
    throw new TokenFileError(
      path,
      phrase`is of version ${version}, expected ${TOKEN_FILE_VERSION}; make it again`,
    );
  }
  const maxTokens = get("maxTokens");
  const lossOn = LOSS_TURNS.find((name) => name === get("lossOn"));
  const reasoning = REASONING_POLICIES.find((name) => name === get("reasoning"));
  return {
    tokenizerHash: get("tokenizerHash"),
    templateHash: get("templateHash"),
    maxTokens: maxTokens === null ? null : Number(maxTokens),
    ...(lossOn === undefined ? {} : { lossOn }),
    ...(reasoning === undefined ? {} : { reasoning }),
  };
}
