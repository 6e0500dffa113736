import type { FileHandle } from "node:fs/promises";
import { FileError, isRecord, openAppended, phrase, readAppended, replaceFile } from "@lathe/files";

/** A reply that was generated, as a line of a file has it. */
export interface Prediction {
  /** Number of the row among those with a reply to generate, from 0. */
  readonly row: number;
  /** What was asked, for people. */
  readonly prompt: string;
  readonly prediction: string;
  readonly reference: string;
  /** New tokens. */
  readonly tokens: number;
  /** Why the reply ended. */
  readonly finishReason: "stop" | "length";
  /** Seconds from when the row was taken up to the first token, and to the last. */
  readonly firstTokenSeconds: number;
  readonly seconds: number;
}

/**
 * The replies of a system, written as they are complete, a line each: what a killed process has written counts. When all are
 * there the lines are put in the order of the rows.
 */
export class PredictionFile {
  readonly #handle: FileHandle;
  /** `[row]`: 1 where the reply is there. */
  readonly #done: Uint8Array;

  private constructor(
    readonly path: string,
    handle: FileHandle,
    done: Uint8Array,
  ) {
    this.#handle = handle;
    this.#done = done;
  }

  /**
   * Opens the file of so many rows, with the replies that an earlier process left; a line that was cut short is taken off.
   * @throws FileError where the file holds something else
   */
  static async open(path: string, rows: number): Promise<PredictionFile> {
    const handle = await openAppended(path);
    try {
      const done = new Uint8Array(rows);
      for await (const { row } of readPredictions(path)) {
        if (row >= rows) throw new FileError(path, phrase`has a row ${row}, where the test set has ${rows}`);
        done[row] = 1;
      }
      return new PredictionFile(path, handle, done);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Rows whose reply is there. */
  get count(): number {
    return this.#done.reduce((sum, one) => sum + one, 0);
  }

  /** Whether the reply of a row is there. */
  has(row: number): boolean {
    return this.#done[row] === 1;
  }

  /** Writes a reply. */
  async append(prediction: Prediction): Promise<void> {
    await this.#handle.appendFile(`${JSON.stringify(prediction)}\n`);
    this.#done[prediction.row] = 1;
  }

  /** Puts the lines in the order of the rows, one a row. */
  async sort(): Promise<void> {
    const starts = new Float64Array(this.#done.length);
    const lengths = new Float64Array(this.#done.length);
    let offset = 0;
    let isSorted = true;
    let last = -1;
    for await (const { text, value } of readAppended(this.path)) {
      const { row } = predictionOf(value, this.path);
      const bytes = Buffer.byteLength(text) + 1;
      isSorted &&= row === last + 1;
      last = row;
      [starts[row], lengths[row]] = [offset, bytes];
      offset += bytes;
    }
    if (isSorted) return;
    await replaceFile(this.path, async (file) => {
      for (const [row, start] of starts.entries()) {
        const line = Buffer.alloc(lengths[row]);
        await this.#handle.read(line, 0, line.length, start);
        await file.write(line);
      }
    });
  }

  /** Gives the file back. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** The replies in a file, in the order of its lines. */
export async function* readPredictions(path: string): AsyncGenerator<Prediction, void, undefined> {
  for await (const { value } of readAppended(path)) yield predictionOf(value, path);
}

function predictionOf(value: unknown, path: string): Prediction {
  if (isRecord(value) && Number.isSafeInteger(value["row"]) && Number(value["row"]) >= 0) {
    return value as unknown as Prediction;
  }
  throw new FileError(path, "holds lines that are no replies of an evaluation");
}
