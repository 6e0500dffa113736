import { type FileHandle, open } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { asFileError, makeFolder } from "@lathe/files";
import { maskedCrc32c } from "./crc32c.js";
import { MessageWriter } from "./protocol-buffer.js";

/** What the first record of a file says of the others. */
const FILE_VERSION = "brain.Event:2";

/** `SessionLog.START`: what an earlier file says from that step on is void. */
const SESSION_START = 1;

/** Tells files of one process apart that were opened within a second. */
let opened = 0;

/** How {@link EventFile.open} opens a file. */
export interface EventFileOptions {
  /**
   * First step that is written. What earlier files in the folder say of it and of later steps no longer counts, as after a
   * run that was killed and goes on. @defaultValue 1
   */
  readonly firstStep?: number;
}

/** A file of scalars that TensorBoard shows: its records of `Event` messages, in TensorFlow's record format. */
export class EventFile {
  readonly #file: FileHandle;

  private constructor(
    readonly path: string,
    file: FileHandle,
  ) {
    this.#file = file;
  }

  /**
   * Opens a new file in a folder, which is made where it is missing; TensorBoard reads all files of it together.
   * @throws FileError when the system refuses
   */
  static async open(folder: string, { firstStep = 1 }: EventFileOptions = {}): Promise<EventFile> {
    const seconds = Math.floor(Date.now() / 1000);
    const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${opened++}`;
    const path = join(folder, name);
    try {
      await makeFolder(folder);
      const file = new EventFile(path, await open(path, "wx"));
      const version = event(0).bytes(3, FILE_VERSION);
      const session = new MessageWriter().varint(1, SESSION_START).finish();
      await file.#write(version.finish(), event(firstStep).bytes(7, session).finish());
      return file;
    } catch (error) {
      throw asFileError(path, "written", error);
    }
  }

  /**
   * Writes the values of a step. One that is not finite is written, too: TensorBoard shows it as such.
   * @param scalars by tag; `/` makes groups of them
   * @throws FileError when the system refuses
   */
  async add(step: number, scalars: Readonly<Record<string, number>>): Promise<void> {
    const summary = new MessageWriter();
    for (const [tag, value] of Object.entries(scalars)) {
      summary.bytes(1, new MessageWriter().bytes(1, tag).float(2, value).finish());
    }
    try {
      await this.#write(event(step).bytes(5, summary.finish()).finish());
    } catch (error) {
      throw asFileError(this.path, "written", error);
    }
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write(...messages: readonly Uint8Array[]): Promise<void> {
    await this.#file.appendFile(Buffer.concat(messages.map(record)));
  }
}

/** The beginning of an `Event`: when it was and of which step it is. */
function event(step: number): MessageWriter {
  return new MessageWriter().double(1, Date.now() / 1000).varint(2, step);
}

/** A message with its length and the checks of both. */
function record(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(message.length + 16);
  bytes.writeBigUInt64LE(BigInt(message.length), 0);
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, 8)), 8);
  bytes.set(message, 12);
  bytes.writeUInt32LE(maskedCrc32c(message), message.length + 12);
  return bytes;
}
