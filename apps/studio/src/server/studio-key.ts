import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { FileError, isRecord, readJsonIfThere, replaceFile } from "@lathe/files";

const KEY_FILE = ".lathe-studio.json";

/** Bytes of a key's file at most. */
const FILE_BYTES_LIMIT = 4096;

/** Characters of a signature. */
const SIGNATURE_LENGTH = 43;

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * The secret of the link to a folder of runs, and the port of the last time: kept in the folder, readable for its owner alone, so that a page
 * that is open goes on when the server is started again. A folder that cannot be written has a new link each time.
 */
export class StudioKey {
  readonly #digest: Buffer;

  private constructor(
    readonly secret: string,
    /** Null where none is known. */
    readonly port: number | null,
  ) {
    this.#digest = sha256(secret);
  }

  /** Reads the key of a folder, or makes one. */
  static async of(folder: string): Promise<StudioKey> {
    const value = await readJsonIfThere(join(folder, KEY_FILE), { limit: FILE_BYTES_LIMIT }).catch(
      () => undefined,
    );
    if (isRecord(value)) {
      const { secret, port } = value;
      if (typeof secret === "string" && /^[\w-]{43}$/.test(secret)) {
        return new StudioKey(secret, Number.isInteger(port) ? (port as number) : null);
      }
    }
    return new StudioKey(randomBytes(32).toString("base64url"), null);
  }

  /** Keeps the key for the next time. */
  async keep(folder: string, port: number): Promise<void> {
    try {
      await replaceFile(join(folder, KEY_FILE), async (file) => {
        await file.chmod(0o600);
        await file.writeFile(`${JSON.stringify({ secret: this.secret, port })}\n`);
      });
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }

  /** Whether it is the secret. Takes as long for a wrong one as for the right one. */
  matches(secret: string): boolean {
    return timingSafeEqual(sha256(secret), this.#digest);
  }

  /** What stands in the address of a page in place of the secret: it opens that page and nothing else. */
  signatureOf(page: string): string {
    return createHmac("sha256", this.secret).update(`page ${page}`).digest("base64url");
  }

  /** Whether a page was signed so. */
  isSigned(page: string, signature: string): boolean {
    if (signature.length !== SIGNATURE_LENGTH) return false;
    return timingSafeEqual(sha256(signature), sha256(this.signatureOf(page)));
  }
}
