import { readFile } from "node:fs/promises";
import { freemem } from "node:os";

/** What is free is not all for the taking: the page cache and others need some of it. */
const SHARE_OF_FREE = 0.85;

/** Bytes that this process may take in all: what it has, and what the system, or its group of processes, has left. */
export async function availableBytes(): Promise<number> {
  const info = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(info)?.[1];
  const free = kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  const limit = process.constrainedMemory();
  const own = process.memoryUsage.rss();
  const left = limit !== undefined && limit > 0 && limit < 2 ** 60 ? limit - own : Infinity;
  return Math.min(free, left) * SHARE_OF_FREE + own;
}

const factors: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** `8GB` → 8000000000, `7.5GiB` → 8053063680; null where the text is no size. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) *([KMGT]I?B)$/i.exec(text.trim());
  if (!match) return null;
  const bytes = Math.round(Number(match[1]) * factors[match[2].toUpperCase()]);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : null;
}
