import { phrase } from "../errors/phrase.js";
import { isUtf8 } from "node:buffer";
import type { MakeFault } from "./make-fault.js";

/**
 * The text of bytes in UTF-8, without a byte order mark.
 * @throws what `makeFault` makes when the bytes are something else
 */
export function decodeUtf8(bytes: Uint8Array, makeFault: MakeFault): string {
  if (!isUtf8(bytes))
    throw makeFault("UTF-8 text", phrase`other bytes from byte ${firstBadByte(bytes) + 1} on`);
  return new TextDecoder("utf-8").decode(bytes);
}

/** Index of the first byte that does not belong to valid UTF-8, by bisection over valid prefixes. */
export function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 4) {
    let middle = (good + bad) >> 1;
    // Step back to a character boundary, lest a prefix be called bad for a character cut in two.
    while (middle > good && (bytes[middle] & 0xc0) === 0x80) middle -= 1;
    if (middle === good) break;
    if (isUtf8(bytes.subarray(good, middle))) good = middle;
    else bad = middle;
  }
  for (let end = good; end < bad; end++) {
    const width = [1, 2, 3, 4].find((length) => isUtf8(bytes.subarray(end, end + length)));
    if (width === undefined) return end;
    end += width - 1;
  }
  return good;
}
