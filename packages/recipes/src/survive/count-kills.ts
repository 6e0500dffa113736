import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Tells how many processes the system has ended for want of memory so far; null where it does not tell. */
export type CountKills = () => Promise<number | null>;

/** Where a control group counts them, by the version of control groups. */
const eventsOf = {
  v1: { mount: "sys/fs/cgroup/memory", file: "memory.oom_control" },
  v2: { mount: "sys/fs/cgroup", file: "memory.events" },
} as const;

/**
 * Processes of this one's control group that were ended for want of memory, by the group's limit or the machine's; where
 * groups do not count, those of the whole machine.
 *
 * @param root of the file system, for tests
 */
export async function countKills(root = "/"): Promise<number | null> {
  return (await ofGroup(root)) ?? (await countIn(join(root, "proc/vmstat")));
}

async function ofGroup(root: string): Promise<number | null> {
  const groups = await readFile(join(root, "proc/self/cgroup"), "utf8").catch(() => "");
  for (const [, controllers, path] of groups.matchAll(/^\d+:([^:\n]*):(\/.*)$/gm)) {
    if (controllers !== "" && !controllers.split(",").includes("memory")) continue;
    const { mount, file } = eventsOf[controllers === "" ? "v2" : "v1"];
    // A container may see its own group as the root of all, under a path that is the host's.
    const kills = (await countIn(join(root, mount, path, file))) ?? (await countIn(join(root, mount, file)));
    if (kills !== null) return kills;
  }
  return null;
}

async function countIn(path: string): Promise<number | null> {
  const kills = /^oom_kill (\d+)$/m.exec(await readFile(path, "utf8").catch(() => ""))?.[1];
  return kills === undefined ? null : Number(kills);
}
