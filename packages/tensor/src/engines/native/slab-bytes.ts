import { readFileSync } from "node:fs";

/** Addresses that are asked for at a time where there are only so many: what is not used is missing elsewhere. */
const WHERE_LIMITED = 16 * 2 ** 20;

/** Addresses that the pool asks for at a time in this process; undefined for its own default, as nothing limits them (`ulimit -v`). */
export function slabBytes(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return /^Max address space\s+\d/m.test(limits) ? WHERE_LIMITED : undefined;
  } catch {
    return undefined;
  }
}
