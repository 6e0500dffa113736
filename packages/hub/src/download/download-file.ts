import { rename } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { asFileError, makeFolder, phrase, syncFolder } from "@lathe/files";
import { HubError } from "../hub-error.js";
import type { HubAnswer, HubHttp } from "../http/hub-http.js";
import { RetryableError } from "../http/retryable.js";
import type { HubFile } from "../hubs/hub.js";
import type { FileSource } from "./file-source.js";
import { holds } from "./hash-of-file.js";
import { dropPartial, PartialFile, type Piece, type WriteAt } from "./partial-file.js";

/** Pieces that are loaded at the same time. */
const CONNECTIONS = 4;

/** What a download is told and tells. */
export interface DownloadFileOptions {
  readonly http: HubHttp;
  readonly source: FileSource;
  readonly file: HubFile;
  /** Where the file is to be; it is there whole or not at all. */
  readonly place: string;
  readonly signal?: AbortSignal | undefined;
  /** Hears how many bytes of the file are there. */
  readonly onBytes?: ((done: number) => void) | undefined;
  readonly write?: WriteAt | undefined;
}

/** The place of a file on its way. */
export const partialOf = (place: string): string => `${place}.lathe-part`;

/**
 * Downloads a file in pieces, several at a time, each of which goes on where it was cut; a later process goes on too. The hash
 * is checked before the file gets its name: one that was resumed and is wrong is loaded once more from the start.
 *
 * @throws HubError when it does not come, or other bytes than announced do   @throws FileError when it cannot be written
 */
export async function downloadFile(options: DownloadFileOptions): Promise<void> {
  const { file, place, source } = options;
  const partial = partialOf(place);
  await makeFolder(dirname(place));
  for (;;) {
    const isResumed = await loadPieces(options, partial);
    if (await holds(partial, file)) break;
    await dropPartial(partial);
    if (isResumed) continue;
    throw source.damaged(file);
  }
  try {
    await dropPartial(partial, true);
    await rename(partial, place);
    await syncFolder(dirname(place));
  } catch (error) {
    throw asFileError(place, "written", error);
  }
}

/** @returns whether an earlier process had begun */
async function loadPieces(options: DownloadFileOptions, path: string): Promise<boolean> {
  const { http, file, signal, onBytes, write } = options;
  const partial = await PartialFile.open(path, file.bytes, write);
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const waiting = partial.pieces.filter(({ start, end, done }) => done < end - start);
  onBytes?.(partial.doneBytes);
  const work = async (): Promise<void> => {
    for (let piece = waiting.shift(); piece; piece = waiting.shift()) {
      const own = piece;
      const load = (): Promise<void> => loadPiece(options, partial, own, either);
      await http.persist(load, either, () => own.done);
    }
  };
  try {
    await Promise.all(
      Array.from({ length: Math.min(CONNECTIONS, waiting.length) }, async () => {
        try {
          await work();
        } catch (error) {
          // The others would only go on to be thrown away.
          stop.abort(error);
          throw error;
        }
      }),
    );
    await partial.finish();
  } catch (error) {
    await partial.leave();
    if (error instanceof HubError && error.fault === "damaged") await dropPartial(path);
    signal?.throwIfAborted();
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
  return partial.isResumed;
}

/** Loads a piece from where it is. */
async function loadPiece(
  { http, source, file, onBytes }: DownloadFileOptions,
  partial: PartialFile,
  piece: Piece,
  signal: AbortSignal,
): Promise<void> {
  const from = piece.start + piece.done;
  const isWhole = from === 0 && piece.end === file.bytes;
  const headers = { ...source.headers, ...(isWhole ? {} : { range: `bytes=${from}-${piece.end - 1}` }) };
  const answer = await http.open(file.url, { headers, sign: source.sign, signal });
  if (!(answer.status === 206 || (answer.status === 200 && isWhole))) {
    await discard(answer);
    throw source.answerFault(answer, file);
  }
  if (!isAnnounced(answer, from, file.bytes) || !source.isSame(answer)) {
    await discard(answer);
    throw source.changed(file);
  }
  try {
    for await (const bytes of answer.body as AsyncIterable<Buffer>) {
      if (piece.start + piece.done + bytes.length > piece.end) throw source.changed(file);
      await partial.add(piece, bytes);
      onBytes?.(partial.doneBytes);
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (!isCut(cause)) throw cause;
    throw new RetryableError(phrase`${new URL(file.url).host} cut ${basename(file.path)}`, null, { cause });
  }
  if (piece.start + piece.done < piece.end) {
    throw new RetryableError(phrase`${new URL(file.url).host} cut ${basename(file.path)}`, null);
  }
}

/** Whether an answer is the stretch that was asked for, of a file of the length that was announced. */
function isAnnounced({ status, headers }: HubAnswer, from: number, bytes: number): boolean {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") return false;
  if (status === 200)
    return headers["content-length"] === undefined || Number(headers["content-length"]) === bytes;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "");
  return range !== null && Number(range[1]) === from && (range[2] === "*" || Number(range[2]) === bytes);
}

/** Whether the connection ended; what the disk refuses has a path. */
function isCut(cause: unknown): boolean {
  const { code } = cause as { readonly code?: unknown };
  return typeof code === "string" && /^(?:UND_ERR_|ECONN|EPIPE|ETIMEDOUT|ENET|EHOST)/.test(code);
}

/** Drops the body of an answer that is not taken; how its connection ends is of no interest. */
async function discard({ body }: HubAnswer): Promise<void> {
  await body.dump().catch(() => undefined);
}
