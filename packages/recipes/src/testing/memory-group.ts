import { execFile } from "node:child_process";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A control group with a limit of memory that holds for what runs in it. */
export interface MemoryGroup {
  /** Sets what its processes may take in all. */
  limit(bytes: number): Promise<void>;
  /** The most that they took. */
  peakBytes(): Promise<number>;
  /** Runs a program of Node in it. @returns what it wrote to stdout */
  run(program: string): Promise<string>;
  remove(): Promise<void>;
}

/** Version 1 counts memory in a tree of its own, which root may write where the system is not a container's. */
const TREE = "/sys/fs/cgroup/memory";

/** Makes a control group, or null where that cannot be done here. */
export async function makeMemoryGroup(): Promise<MemoryGroup | null> {
  const group = `${TREE}/lathe-test-${process.pid}`;
  const file = (name: string): string => `${group}/${name}`;
  const made = await mkdir(group)
    .then(() => readFile(file("memory.max_usage_in_bytes")))
    .catch(() => null);
  if (made === null) return null;
  return {
    limit: (bytes) => writeFile(file("memory.limit_in_bytes"), String(bytes)),
    peakBytes: async () => Number(await readFile(file("memory.max_usage_in_bytes"), "utf8")),
    async run(program) {
      // What was read before counts for whoever read it first.
      await writeFile(file("memory.force_empty"), "0").catch(() => undefined);
      await writeFile(file("memory.max_usage_in_bytes"), "0");
      const join = 'echo $$ > "$0" && exec "$1" "$2"';
      const words = ["-c", join, file("cgroup.procs"), process.execPath, program];
      return (await execute("/bin/sh", words)).stdout;
    },
    remove: () => rmdir(group),
  };
}
