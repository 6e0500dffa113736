import { readFile } from "node:fs/promises";
import { freemem } from "node:os";

/** What is free is not all for the taking: the page cache and others need some of it. */
const SHARE_OF_FREE = 0.85;

/** Bytes that this process may take in all. */
export async function availableBytes(): Promise<number> {
  const info = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(info)?.[1];
  const free = kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  return free * SHARE_OF_FREE + process.memoryUsage.rss();
}

const units: Readonly<Record<string, number>> = {
  M: 1e6,
  G: 1e9,
  T: 1e12,
  MI: 2 ** 20,
  GI: 2 ** 30,
  TI: 2 ** 40,
};

/** `8GB` → 8000000000, `7.5GiB` → 8053063680; null where the text is no size. */
export function parseBytes(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?) *([MGT]I?)B$/i.exec(text.trim());
  if (!parts) return null;
  const bytes = Math.round(Number(parts[1]) * units[parts[2].toUpperCase()]);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : null;
}
