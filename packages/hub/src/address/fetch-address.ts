import { createHash, randomUUID } from "node:crypto";
import { rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileError, hashFile, makeFolder, phrase, type Phrase } from "@lathe/files";
import { checkSpace } from "../download/check-space.js";
import { downloadFile, partialOf } from "../download/download-file.js";
import { bytesOfPartial } from "../download/partial-file.js";
import type { FileSource } from "../download/file-source.js";
import { HubError } from "../hub-error.js";
import { HubHttp, type HubAnswer, type Wait } from "../http/hub-http.js";
import type { HubFile } from "../hubs/hub.js";
import { type Environment, hubSettings } from "../settings/hub-settings.js";
import { type FileAddress, parseFileAddress } from "./file-address.js";

/** How {@link fetchAddress} goes about it. */
export interface FetchAddressOptions {
  /** Folder that the file comes into. */
  readonly folder: string;
  /** Keys, region and endpoint of a store, and proxies. @defaultValue the environment of the process */
  readonly env?: Environment | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears how many bytes of the file are there. */
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
  /** @defaultValue a timer */
  readonly wait?: Wait | undefined;
  /** Free bytes of a folder's disk. @defaultValue what the system says */
  readonly freeBytes?: ((folder: string) => Promise<number>) | undefined;
}

/** A file that was brought here. */
export interface FetchedFile {
  /** The address without what may be secret in it. */
  readonly name: string;
  /** Where it is here. */
  readonly file: string;
}

/**
 * Brings the file at an address here, in ranges that are tried again where a connection is cut. A file whose state the server
 * names (`ETag`, `Last-Modified`) and that is here in this state, or half, is gone on with; every range is held to that state.
 *
 * @throws FileError where the address is none, where it has no such file or shows it to nobody without a right, and where the file
 *   is changed meanwhile   @throws HubError where it is not reached, and where the disk has no room for it
 * @throws the signal's reason when it aborts
 */
export async function fetchAddress(
  address: string,
  { folder, env = process.env, signal, onBytes, wait, freeBytes }: FetchAddressOptions,
): Promise<FetchedFile> {
  const parsed = parseFileAddress(address, env);
  const { url, shown } = parsed;
  const http = new HubHttp({ proxies: hubSettings(env).proxies, origin: url, token: null, wait });
  try {
    const { bytes, state, isNamed } = await look(http, parsed, signal);
    // Without a state nothing tells a part of this file from one of another.
    const key = isNamed ? JSON.stringify([url, state, bytes]) : randomUUID();
    const digest = createHash("sha256").update(key).digest("hex").slice(0, 16);
    const path = nameOf(url);
    const place = join(folder, digest, path);
    const file: HubFile = { path, bytes, hash: null, url };
    if ((await stat(place).catch(() => null))?.size !== bytes) {
      const missing = bytes - (await bytesOfPartial(partialOf(place), bytes));
      const fault = (wanted: string, there: string): Phrase =>
        phrase`${shown}: expected ${wanted} of free disk beside the output, got ${there}; free some, or write to another disk`;
      await checkSpace(folder, missing, fault, freeBytes);
      const tell = (done: number): void => onBytes?.(done, bytes);
      const source = addressSource(parsed, state);
      try {
        await downloadFile({ http, source, file, place, signal, onBytes: tell });
        if (!isNamed) return { name: shown, file: await placeByContent(folder, place, path) };
      } catch (error) {
        if (!isNamed) await rm(join(folder, digest), { recursive: true, force: true });
        throw error;
      }
    }
    return { name: shown, file: place };
  } finally {
    await http.close();
  }
}

/** Puts a file of no known state where the same bytes would lie again. */
async function placeByContent(folder: string, file: string, name: string): Promise<string> {
  const { sha256 } = await hashFile(file);
  const place = join(folder, sha256.slice(0, 16), name);
  await makeFolder(dirname(place));
  await rename(file, place);
  await rm(dirname(file), { recursive: true, force: true });
  return place;
}

/** What a server says of the state of a file. */
interface FileState {
  readonly etag: string | undefined;
  readonly modified: string | undefined;
}

const stateOf = ({ headers }: HubAnswer): FileState => ({
  etag: headers["etag"],
  modified: headers["last-modified"],
});

async function look(
  http: HubHttp,
  address: FileAddress,
  signal: AbortSignal | undefined,
): Promise<{ readonly bytes: number; readonly state: FileState; readonly isNamed: boolean }> {
  const { url, shown, sign } = address;
  const request = { method: "HEAD", sign: sign ?? undefined, signal } as const;
  const answer = await http.persist(() => http.open(url, request), signal);
  await answer.body.dump().catch(() => undefined);
  if (answer.status !== 200) throw answerFault(address, answer);
  const length = answer.headers["content-length"];
  if (length === undefined || !/^\d{1,15}$/.test(length))
    throw new FileError(shown, "its server does not say how long it is; download it and give its path");
  if (length === "0") throw new FileError(shown, "is empty");
  const state = stateOf(answer);
  const isNamed = state.etag !== undefined || state.modified !== undefined;
  return { bytes: Number(length), state, isNamed };
}

function addressSource(address: FileAddress, state: FileState): FileSource {
  const { shown, sign } = address;
  const changed = (): FileError =>
    new FileError(shown, "was changed while it was downloaded, or a proxy answers for it; try again");
  // A weak tag matches nothing in If-Match, by the standard.
  const isStrong = state.etag !== undefined && !state.etag.startsWith("W/");
  return {
    headers: isStrong ? { "if-match": state.etag } : {},
    sign: sign ?? undefined,
    isSame(answer) {
      const { etag, modified } = stateOf(answer);
      return etag === state.etag && (etag !== undefined || modified === state.modified);
    },
    answerFault(answer) {
      if (answer.status === 412 || answer.status === 416) return changed();
      if (answer.status !== 200) return answerFault(address, answer);
      return new FileError(
        shown,
        "its server gives no ranges of it, which a file of this size or a cut connection needs; download it and give its path",
      );
    },
    changed,
    damaged: changed,
  };
}

function answerFault({ url, shown, sign }: FileAddress, { status }: HubAnswer): Error {
  if (status === 404 || status === 410) return new FileError(shown, "no such file at this address");
  if (status === 401 || status === 403) {
    const isStore = /^s3:/i.test(shown);
    return new FileError(
      shown,
      sign !== null
        ? phrase`its store does not show it to the owner of the key in AWS_ACCESS_KEY_ID (${status})`
        : isStore
          ? phrase`its store does not show it to everybody (${status}); give a key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`
          : phrase`its server does not show it (${status}); download it and give its path`,
    );
  }
  return new HubError(
    "network",
    phrase`${shown}: expected a file, got status ${status} from ${new URL(url).host}`,
  );
}

/** The last part of an address as the name of a file, whose extension may tell its format. */
function nameOf(url: string): string {
  const { pathname } = new URL(url);
  const last = pathname.split("/").at(-1) ?? "";
  const name = last
    .replaceAll(/%[0-9A-Fa-f]{2}|[^\w.-]/g, "_")
    .replace(/^\.+/, "")
    .slice(-100);
  return name === "" ? "file" : name;
}
