import { type Host, slotsOf } from "./host.js";
import type { Environment, Launcher } from "./launcher.js";

/** What says how many ranks there are to be. */
export interface RanksAsked {
  /** Null for as many as the hosts take. */
  readonly ranks: number | null;
  /** Null for this machine alone, or those that Slurm has given. */
  readonly hosts: readonly Host[] | null;
  readonly launcher: Launcher;
  readonly environment: Environment;
}

/** Ranks to launch: as many as were asked for, or as the hosts take, or as Slurm has given room for; null where nobody says. */
export function ranksOf({ ranks, hosts, launcher, environment }: RanksAsked): number | null {
  if (ranks !== null) return ranks;
  if (hosts !== null) return slotsOf(hosts);
  const given = launcher.name === "srun" ? environment["SLURM_NTASKS"] : undefined;
  return given !== undefined && /^[1-9]\d{0,8}$/.test(given) ? Number(given) : null;
}
