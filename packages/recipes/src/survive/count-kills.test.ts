import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/folders.js";
import { countKills } from "./count-kills.js";

/** A system's files, as far as they tell of kills. */
async function system(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const vmstat = { "proc/vmstat": "nr_free_pages 1\noom_kill 7\n" };
const v1 = { "proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/a/b\n0::/\n" };
const controlOf = (kills: number): string => `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`;

it.each<[what: string, files: Readonly<Record<string, string>>, kills: number | null]>([
  [
    "a group of version 2",
    {
      ...vmstat,
      "proc/self/cgroup": "0::/user.slice/a\n",
      "sys/fs/cgroup/user.slice/a/memory.events": "low 0\noom 3\noom_kill 2\noom_group_kill 0\n",
    },
    2,
  ],
  [
    "a group of version 1",
    { ...vmstat, ...v1, "sys/fs/cgroup/memory/a/b/memory.oom_control": controlOf(3) },
    3,
  ],
  [
    "a container under a path of its host",
    { ...vmstat, ...v1, "sys/fs/cgroup/memory/memory.oom_control": controlOf(4) },
    4,
  ],
  ["a group that does not count: the machine", { ...vmstat, "proc/self/cgroup": "0::/\n" }, 7],
  ["a system without control groups", vmstat, 7],
  ["a system that does not tell", {}, null],
])("counts the kills of %s", async (_what, files, kills) => {
  expect(await countKills(await system(files))).toBe(kills);
});
