import { phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import type { HubFile } from "../hubs/hub.js";
import { isPlainPath } from "../repository/hub-repository.js";

/** Files of a listing at most. */
const FILES_LIMIT = 100_000;

/** Refuses listings whose names could lead out of their folder, or that name a file twice. @throws HubError */
export function checkListing(repository: string, files: readonly HubFile[]): void {
  const fault = (what: string): HubError =>
    new HubError(
      "damaged",
      phrase`${repository}: expected plain paths of files in the hub's listing, got ${what}`,
    );
  if (files.length > FILES_LIMIT) throw fault(`${files.length} files`);
  const seen = new Set<string>();
  for (const { path, bytes, hash } of files) {
    // Names that differ by case alone are one file on some systems.
    const key = path.normalize("NFC").toLowerCase();
    if (!isPlainPath(path) || path.length > 500 || seen.has(key))
      throw fault(JSON.stringify(path).slice(0, 200));
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw fault(`${JSON.stringify(path)}: ${String(bytes)} bytes`);
    const isDigest =
      hash === null || (hash.kind === "sha256" ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hash.digits);
    if (!isDigest) throw fault(`${JSON.stringify(path)}: ${hash.digits.slice(0, 80)}`);
    seen.add(key);
  }
}
