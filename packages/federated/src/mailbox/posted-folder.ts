import { createHash } from "node:crypto";
import { join } from "node:path";
import { asPhrase, decodeJson, isRecord, phrase, readSmallFile, replaceFile } from "@lathe/files";
import { CONFIG_LIMIT, readAdapterConfig, travellingConfig } from "../updates/adapter-config.js";
import { ADAPTER_FILES, CONFIG_FILE, WEIGHTS_FILE } from "../updates/adapter-files.js";
import { UpdateError, type UpdatePlace } from "../updates/update-error.js";
import type { Mailbox } from "./mailbox.js";
import { MailboxEntryError } from "./mailbox-entry-error.js";

const MANIFEST = "manifest.json";

/** Largest manifest that is read, in bytes. */
const MANIFEST_LIMIT = 1_000_000;

/** Largest files of an adapter that are read, in bytes: one that trains the head of a large vocabulary has 2 GB. */
const FILE_LIMITS = { [CONFIG_FILE]: CONFIG_LIMIT, [WEIGHTS_FILE]: 2_000_000_000 } as const;

/** Length and digest of a file that travels. */
export interface PostedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** What says what an adapter in a mailbox is. It is written last, and its files count by its hashes of them. */
export interface Manifest {
  readonly [field: string]: unknown;
  readonly files: Readonly<Record<string, PostedFile>>;
}

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The line that `sha256sum -c` reads. */
const sumLine = (sha256: string, name: string): string => `${sha256}  ${name}\n`;

/**
 * Leaves an adapter folder in a mailbox: its files, the hash of each beside it, and last the manifest. No path of this machine goes
 * along.
 * @param fields of the manifest beside `files`
 * @returns the manifest
 * @throws UpdateError where the folder holds no adapter; MailboxError
 */
export async function postFolder(
  mailbox: Mailbox,
  key: string,
  folder: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<Manifest> {
  const files: Record<string, PostedFile> = {};
  for (const name of ADAPTER_FILES) {
    const bytes =
      name === CONFIG_FILE
        ? travellingConfig(await readAdapterConfig(folder))
        : await readSmallFile(join(folder, name), FILE_LIMITS[name]);
    if (bytes === null)
      throw new UpdateError(
        "incomplete",
        { within: folder, part: name },
        "a file of an adapter",
        "no such file",
      );
    files[name] = { bytes: bytes.length, sha256: sha256Of(bytes) };
    await mailbox.write(`${key}/${name}`, bytes);
    await mailbox.write(`${key}/${name}.sha256`, Buffer.from(sumLine(files[name].sha256, name)));
  }
  const manifest = { ...fields, files };
  await postJson(mailbox, `${key}/${MANIFEST}`, manifest);
  return manifest;
}

/** Leaves a JSON file in a mailbox, with its hash beside it. */
export async function postJson(mailbox: Mailbox, key: string, value: object): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  await mailbox.write(`${key}.sha256`, Buffer.from(sumLine(sha256Of(bytes), key.split("/").at(-1)!)));
  await mailbox.write(key, bytes);
}

/** The bytes under a key, or null where there are none. @throws UpdateError `unreadable` where what is there cannot be read */
async function readEntry(mailbox: Mailbox, key: string, limit: number): ReturnType<Mailbox["read"]> {
  try {
    return await mailbox.read(key, limit);
  } catch (cause) {
    if (!(cause instanceof MailboxEntryError)) throw cause;
    const place = { within: mailbox.place, part: key };
    throw new UpdateError("unreadable", place, "a file that can be read", cause.came, { cause });
  }
}

/**
 * A JSON object of a mailbox; null where there is none.
 * @throws UpdateError `incomplete` where it is not the one that its hash is of, `unreadable` or `manifest` where it is none
 */
export async function readPostedJson(
  mailbox: Mailbox,
  key: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  const place = { within: mailbox.place, part: key };
  const bytes = await readEntry(mailbox, key, MANIFEST_LIMIT);
  if (bytes === null) return null;
  const beside = await readEntry(mailbox, `${key}.sha256`, MANIFEST_LIMIT);
  const [stated = ""] = Buffer.from(beside ?? [])
    .toString("latin1")
    .split(" ");
  if (stated !== sha256Of(bytes))
    throw new UpdateError(
      "incomplete",
      place,
      "the file that the hash beside it is of",
      "another, or no hash",
    );
  const value = decodeJson(
    bytes,
    (expected, actual, cause) => new UpdateError("manifest", place, expected, actual, { cause }),
  );
  if (!isRecord(value)) throw new UpdateError("manifest", place, "a JSON object", typeof value);
  return value;
}

/**
 * Brings an adapter of a mailbox into a folder; null where there is none.
 * @param isWanted looks at the manifest before its files are read: where it says no, none are, and null is the answer; it may throw
 * @throws UpdateError `incomplete` where files are not there or not whole, `unreadable` or `manifest` where they cannot be read; what
 *   `isWanted` throws
 */
export async function fetchFolder(
  mailbox: Mailbox,
  key: string,
  folder: string,
  isWanted: (manifest: Manifest, place: UpdatePlace) => boolean = () => true,
): Promise<Manifest | null> {
  const place = { within: mailbox.place, part: `${key}/${MANIFEST}` };
  const value = await readPostedJson(mailbox, `${key}/${MANIFEST}`);
  if (value === null) return null;
  const manifest = { ...value, files: filesOf(value, place) };
  if (!isWanted(manifest, place)) return null;
  for (const name of ADAPTER_FILES) {
    const { bytes, sha256 } = manifest.files[name];
    const contents = await readEntry(mailbox, `${key}/${name}`, FILE_LIMITS[name]);
    const fault = (actual: string | ReturnType<typeof phrase>): UpdateError =>
      new UpdateError(
        "incomplete",
        { within: mailbox.place, part: `${key}/${name}` },
        phrase`${bytes} bytes as the manifest has them`,
        actual,
      );
    if (contents === null) throw fault("no such file");
    if (contents.length !== bytes) throw fault(phrase`${contents.length} bytes`);
    if (sha256Of(contents) !== sha256) throw fault("others, by their hash");
    await replaceFile(join(folder, name), contents);
  }
  return manifest;
}

/** What a manifest says of a file; null where it says nothing of use. */
export function postedFile(
  { files }: Readonly<Record<string, unknown>>,
  name: (typeof ADAPTER_FILES)[number],
): PostedFile | null {
  const entry = isRecord(files) && Object.hasOwn(files, name) ? files[name] : null;
  const { bytes, sha256 } = isRecord(entry) ? entry : {};
  const isWhole = typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0;
  if (!isWhole || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return null;
  return { bytes, sha256 };
}

function filesOf(
  manifest: Readonly<Record<string, unknown>>,
  place: UpdatePlace,
): Readonly<Record<string, PostedFile>> {
  const files = ADAPTER_FILES.map((name): [string, PostedFile] => {
    const file = postedFile(manifest, name);
    if (file !== null) return [name, file];
    throw new UpdateError(
      "manifest",
      place,
      phrase`length and SHA-256 of ${name} in files`,
      asPhrase("something else"),
    );
  });
  return Object.fromEntries(files);
}
