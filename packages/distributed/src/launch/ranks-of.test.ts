import { expect, it } from "vitest";
import type { Launcher, LauncherName } from "./launcher.js";
import { ranksOf, type RanksAsked } from "./ranks-of.js";

const launcher = (name: LauncherName): Launcher => ({ name, file: name, version: "1" });
const hosts = [
  { name: "anna", slots: 1 },
  { name: "berta", slots: 2 },
];

it.each<[string, Partial<RanksAsked>, number | null]>([
  ["who asks", { ranks: 2, hosts }, 2],
  ["the hosts", { hosts }, 3],
  ["Slurm", { launcher: launcher("srun"), environment: { SLURM_NTASKS: "4" } }, 4],
  ["Slurm alone, of its own launcher", { environment: { SLURM_NTASKS: "4" } }, null],
  ["no number", { launcher: launcher("srun"), environment: { SLURM_NTASKS: "4(x2)" } }, null],
])("the number of ranks by %s", (_who, asked, expected) => {
  const nothing = { ranks: null, hosts: null, launcher: launcher("openmpi"), environment: {} };
  expect(ranksOf({ ...nothing, ...asked })).toBe(expected);
});
