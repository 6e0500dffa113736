import { type FileHandle, open, rm } from "node:fs/promises";
import { asFileError, FileError } from "@lathe/files";
import { bfloat16ToFloat32, float32ToBfloat16 } from "@lathe/model";
import * as tf from "@tensorflow/tfjs-core";
import type { StreamStore } from "./stream-store.js";

/** How streams lie on the disk: as they are, or rounded to bfloat16 in half the bytes. */
export type SpillFormat = "fp32" | "bf16";

/** While more bytes than these wait to be written, whoever keeps another stream waits as well. */
export const UNWRITTEN_BYTES = 16 * 2 ** 20;

/** Bytes of a number of a stream on the disk. */
export const spilledNumberBytes: Readonly<Record<SpillFormat, number>> = { fp32: 4, bf16: 2 };

/** A stream on the disk, or on its way there. */
interface Spilled {
  readonly shape: [rows: number, width: number];
  /** Where it begins in the file. */
  readonly offset: number;
  readonly bytes: number;
  readonly written: Promise<void>;
}

/** A stream that is read before it is taken. */
interface Ahead {
  readonly key: string;
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Residual streams in a file. In bf16 what goes into a layer is rounded before it does, so that the layer sees the same numbers when
 * it is computed again; in fp32 the bits are those of streams in memory. They are written beside what is computed meanwhile, and the
 * stream that is taken next is read ahead.
 */
export class SpilledStreams implements StreamStore {
  readonly isInMemory = false;
  readonly #spilled = new Map<string, Spilled>();
  #file: Promise<FileHandle> | null = null;
  /** Where the next stream begins. */
  #end = 0;
  #unwritten = 0;
  /** Under way, the oldest first. */
  #writes: Promise<void>[] = [];
  #bytesWritten = 0;
  #bytesRead = 0;
  #ahead: Ahead | null = null;

  /** @param path of the file, which is made when it is needed; one that is there is overwritten */
  constructor(
    readonly path: string,
    readonly format: SpillFormat,
  ) {}

  /** Written so far. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Read so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  entering(x: tf.Tensor2D): tf.Tensor2D {
    if (this.format === "fp32") return x;
    try {
      return tf.tensor2d(bfloat16ToFloat32(float32ToBfloat16(x.dataSync<"float32">())), x.shape);
    } finally {
      x.dispose();
    }
  }

  async keep(layer: number, batch: number, x: tf.Tensor2D): Promise<void> {
    while (this.#unwritten > UNWRITTEN_BYTES) await this.#writes[0];
    const values = x.dataSync<"float32">();
    const stored = this.format === "bf16" ? float32ToBfloat16(values) : values.slice();
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    const offset = this.#end;
    this.#end += bytes.length;
    this.#unwritten += bytes.length;
    const written = this.#write(bytes, offset).finally(() => {
      this.#unwritten -= bytes.length;
      this.#writes = this.#writes.filter((write) => write !== written);
    });
    this.#writes.push(written);
    // Who takes the stream hears what failed, or whoever waits to keep another.
    written.catch(() => undefined);
    this.#spilled.set(keyOf(layer, batch), { shape: x.shape, offset, bytes: bytes.length, written });
  }

  async take(layer: number, batch: number): Promise<tf.Tensor2D> {
    const key = keyOf(layer, batch);
    const spilled = this.#spilled.get(key);
    if (!spilled) throw new RangeError(`no stream of batch ${batch} before layer ${layer}`);
    const bytes = await (this.#ahead?.key === key ? this.#ahead.bytes : this.#read(spilled));
    this.#spilled.delete(key);
    this.#ahead = this.#readAhead(keyOf(layer, batch + 1)) ?? this.#readAhead(keyOf(layer - 1, 0));
    const values =
      this.format === "bf16"
        ? bfloat16ToFloat32(new Uint16Array(bytes.buffer))
        : new Float32Array(bytes.buffer);
    return tf.tensor2d(values, spilled.shape);
  }

  forget(layer: number, batch: number): Promise<void> {
    const key = keyOf(layer, batch);
    const spilled = this.#spilled.get(key);
    this.#spilled.delete(key);
    // What nobody takes is written over, once it has been written.
    if (spilled && spilled.offset + spilled.bytes === this.#end) {
      return spilled.written.then(() => {
        if (spilled.offset + spilled.bytes === this.#end) this.#end = spilled.offset;
      });
    }
    return Promise.resolve();
  }

  async clear(): Promise<void> {
    // Those of streams that were forgotten as well: what comes next begins where they are still being written.
    await Promise.allSettled([...this.#writes, this.#ahead?.bytes]);
    this.#spilled.clear();
    this.#ahead = null;
    this.#end = 0;
  }

  /** Removes the file. */
  async close(): Promise<void> {
    await this.clear();
    const file = await this.#file?.catch(() => null);
    this.#file = null;
    await file?.close();
    if (file) await rm(this.path, { force: true });
  }

  #readAhead(key: string): Ahead | null {
    const spilled = this.#spilled.get(key);
    if (!spilled) return null;
    const bytes = this.#read(spilled);
    // Who takes it hears what failed; nobody may.
    bytes.catch(() => undefined);
    return { key, bytes };
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      const file = await (this.#file ??= open(this.path, "w+"));
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
      }
      this.#bytesWritten += bytes.length;
    } catch (error) {
      throw asFileError(this.path, "written", error);
    }
  }

  async #read({ offset, bytes, written }: Spilled): Promise<Uint8Array<ArrayBuffer>> {
    await written;
    const into = new Uint8Array(bytes);
    try {
      const file = await this.#file!;
      for (let done = 0; done < bytes;) {
        const { bytesRead } = await file.read(into, done, bytes - done, offset + done);
        if (bytesRead === 0) throw new FileError(this.path, "was cut by another program while it was in use");
        done += bytesRead;
      }
    } catch (error) {
      throw asFileError(this.path, "read", error);
    }
    this.#bytesRead += bytes;
    return into;
  }
}

const keyOf = (layer: number, batch: number): string => `${layer}/${batch}`;
