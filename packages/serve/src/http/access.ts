import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

/** Says whether the value of an `Authorization` header has a key, in a time that does not tell how much of it is right. */
export function keyCheck(key: string): (authorization: string | undefined) => boolean {
  const wanted = digest(key);
  return (authorization = "") => {
    const [, given = ""] = /^Bearer +(.*)$/i.exec(authorization) ?? [];
    return timingSafeEqual(digest(given), wanted);
  };
}

/** Whether an address is of this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

/** The name in a `Host` header, without port and brackets. */
const nameOf = (header: string): string =>
  header
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();

/**
 * Says whether a `Host` header names this machine: a page of another site that had its name point here would send its own
 * (DNS rebinding).
 */
export function hostCheck(allowed: readonly string[]): (header: string | undefined) => boolean {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  return (header) => {
    if (header === undefined) return false;
    const name = nameOf(header);
    return isLoopback(name) || names.has(name);
  };
}
