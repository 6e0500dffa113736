import { readFileSync } from "node:fs";

/**
 * Largest resident size that this process has had, in bytes.
 *
 * On Linux the high-water mark of the address space (VmHWM): `ru_maxrss` begins at the size of the process that started
 * this one.
 */
export function peakResidentBytes(): number {
  if (process.platform === "linux") {
    const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync("/proc/self/status").toString("latin1"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
