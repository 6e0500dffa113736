import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | null = null;

/**
 * Bytes that a process holds: its resident memory without what the heap of JavaScript keeps for later, after a collection of
 * garbage. How much V8 keeps depends on when it last collected, by tens of megabytes, and says nothing of what stays behind.
 */
export function heldBytes(): number {
  if (collect === null) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  return rss - heapTotal + heapUsed;
}
