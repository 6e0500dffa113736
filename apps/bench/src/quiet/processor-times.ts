import { readdirSync, readFileSync } from "node:fs";

/** Seconds of all processors together since the machine started. */
export interface ProcessorTimes {
  /** When they were read, in seconds of the machine's clock. */
  readonly at: number;
  /** Programs and the system ran. */
  readonly busy: number;
  /** A machine around this one ran something else meanwhile. */
  readonly stolen: number;
  /** Of `busy`, what this process and those it has started took, those that ended included. */
  readonly own: number;
}

/** Ticks a second in which Linux tells processor time to programs. */
const TICKS = 100;

/** What a line of `/proc/<pid>/stat` tells. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Its own seconds and those of its children that ended and were waited for. */
  readonly seconds: number;
}

/** Reads a line of `/proc/<pid>/stat`; the name in it may hold spaces and parentheses. */
export function readProcessStat(text: string): ProcessStat {
  const rest = text
    .slice(text.lastIndexOf(")") + 2)
    .trimEnd()
    .split(" ");
  // As proc(5) counts them: 3 the state, 4 the parent, 14 and 15 user and system, 16 and 17 those of children.
  const ticks = rest.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid: Number.parseInt(text, 10), parent: Number(rest[1]), seconds: ticks / TICKS };
}

/** Reads the first line of `/proc/stat`. */
export function readStat(text: string): Pick<ProcessorTimes, "busy" | "stolen"> {
  const [user, nice, system, , , interrupts, softInterrupts, stolen = 0] = text
    .slice(0, text.indexOf("\n"))
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { busy: (user + nice + system + interrupts + softInterrupts) / TICKS, stolen: stolen / TICKS };
}

/** Seconds of a process and of all that it has started. */
export function secondsOfTree(root: number, all: readonly ProcessStat[]): number {
  const tree = new Set([root]);
  let sizeBefore = 0;
  while (tree.size > sizeBefore) {
    sizeBefore = tree.size;
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
  }
  return all.reduce((sum, { pid, seconds }) => (tree.has(pid) ? sum + seconds : sum), 0);
}

/** The processors' times now, or null where the system does not tell. */
export function readProcessorTimes(): ProcessorTimes | null {
  try {
    const times = readStat(readFileSync("/proc/stat", "utf8"));
    const processes = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          return [readProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"))];
        } catch {
          return []; // It has ended meanwhile.
        }
      });
    return { at: performance.now() / 1000, ...times, own: secondsOfTree(process.pid, processes) };
  } catch {
    return null;
  }
}
