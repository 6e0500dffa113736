import { setFlagsFromString } from "node:v8";

/** A half of the young generation that training gets along with, in MiB: arrays of tensors lie outside of it. */
const HALF_MIB = 1;

/**
 * V8 takes objects of which many outlived a collection for long-lived ones, and makes what is made in the same place old at once from
 * then on: objects of every step pile up among the old ones, to several times what a run holds, until it next collects them all.
 */
const NOT_OLD_AT_ONCE = "--no-allocation-site-pretenuring";

/**
 * How a process or a thread of a run is started, for a young generation that stays small. V8 grows it to 48 MiB while objects of a
 * step come and go, none of which a small one would keep longer.
 */
export const smallYoungGeneration = {
  /** Options of Node, for `execArgv` of a process. */
  execArgv: [`--max-semi-space-size=${HALF_MIB}`, NOT_OLD_AT_ONCE] as readonly string[],
  /** Limits of a thread: two halves, and as much for objects that lie alone. */
  resourceLimits: { maxYoungGenerationSizeMb: 3 * HALF_MIB },
} as const;

/**
 * Keeps the young generation of this process at the size it has, 2 MiB where hardly anything was loaded, and lets nothing be made old
 * at once: to be called before other modules are loaded. The largest size is fixed once V8 has started; the factor by which it grows is
 * read whenever it would.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString(NOT_OLD_AT_ONCE);
}
