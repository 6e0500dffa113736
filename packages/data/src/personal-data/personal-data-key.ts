import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { asFileError, FileError, parseJson } from "@lathe/files";

/** Bytes of a key: AES-256. */
export const KEY_BYTES = 32;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MARK = "lathe-personal-data-key";

/**
 * Reads the key that masking is undone with, or makes a new one where there is no file: readable by its owner alone, and written before
 * anything is sealed with it.
 *
 * @throws FileError when the file is no key, or cannot be read or made
 */
export async function readPersonalDataKey(path: string): Promise<Uint8Array> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw asFileError(path, "read", error);
  });
  if (text === null) return makeKey(path);
  const key = new RegExp(`^${MARK} ([A-Za-z0-9+/]{43}=)\\s*$`).exec(text);
  if (key === null) throw new FileError(path, "is no key for personal data; name another file");
  return Buffer.from(key[1], "base64");
}

async function makeKey(path: string): Promise<Uint8Array> {
  const key = randomBytes(KEY_BYTES);
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(`${MARK} ${key.toString("base64")}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asFileError(path, "written", error);
  }
  return key;
}

/** Seals what placeholders stand for with AES-256-GCM; @returns nonce, ciphertext and tag as base64 */
export function sealData(data: ReadonlyMap<string, string>, key: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = [cipher.update(JSON.stringify([...data]), "utf8"), cipher.final()];
  return Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]).toString("base64");
}

/**
 * Opens what {@link sealData} sealed.
 * @returns what each placeholder stands for; null when the key is another one or the text was changed
 */
export function openData(sealed: string, key: Uint8Array): Map<string, string> | null {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    const text = Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)),
      decipher.final(),
    ]).toString("utf8");
    return new Map(parseJson(text) as [string, string][]);
  } catch {
    return null;
  }
}
