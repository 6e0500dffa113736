import { asPhrase, formatBytes, formatSeconds, type Phrase, phrase, type Told } from "@lathe/files";
import type { RanksProbe } from "./probe-ranks.js";

/** What is looked at before ranks are launched for long. */
export type RanksCheck =
  "launcher" | "library" | "hosts" | "interface" | "ranks" | "placement" | "agreement" | "network";

/** What was found. */
export interface RanksFinding {
  readonly check: RanksCheck;
  /** Null where it is neither good nor bad. */
  readonly holds: boolean | null;
  readonly sentence: Phrase;
}

/**
 * What a probe says: whether ranks are on as many machines as were meant, which of what must be alike is not, and what the network means
 * for a step.
 * @param hosts machines that ranks were meant for; null where nobody said
 */
export function findingsOfProbe(probe: RanksProbe, hosts: number | null): RanksFinding[] {
  return [placementOf(probe, hosts), ...agreementOf(probe), networkOf(probe)];
}

function placementOf({ ranks }: RanksProbe, wanted: number | null): RanksFinding {
  const hosts = [...new Set(ranks.map(({ host }) => host))];
  const names = hosts.join(", ");
  const counted = hosts.length === 1 ? phrase`${1} machine` : phrase`${hosts.length} machines`;
  // Some launchers ignore hosts that they were given and start all ranks where they are.
  if (wanted !== null && hosts.length !== wanted) {
    return {
      check: "placement",
      holds: false,
      sentence: phrase`${ranks.length} ranks on ${counted} (${names}), expected ${wanted}: the launcher has not taken the hosts, or two of them have the same name`,
    };
  }
  return { check: "placement", holds: true, sentence: phrase`${ranks.length} ranks on ${counted}: ${names}` };
}

function agreementOf({ ranks }: RanksProbe): RanksFinding[] {
  const names = [...new Set(ranks.flatMap(({ alike }) => Object.keys(alike)))];
  return names.map((name) => {
    const first = ranks[0].alike[name];
    const odd = ranks.findIndex(({ alike }) => alike[name] !== first);
    if (odd < 0)
      return {
        check: "agreement",
        holds: true,
        sentence: phrase`${name} is the same on all ranks: ${shown(first)}`,
      };
    const { host, alike } = ranks[odd];
    const sentence = phrase`${name} differs: ${shown(first)} on ${ranks[0].host} (rank ${0}), ${shown(alike[name])} on ${host} (rank ${odd})`;
    return { check: "agreement", holds: false, sentence };
  });
}

/** A version as it is, a hash by its first digits. */
const shown = (value: string | undefined): string | Phrase =>
  value === undefined ? asPhrase("nothing") : /^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, 12)}…` : value;

/** Share of a step that sums over ranks may take before they are worth a thought. */
const SHARE = 0.03;

function networkOf({ bytes, seconds, leastSeconds, ranks }: RanksProbe): RanksFinding {
  if (ranks.length === 1)
    return { check: "network", holds: null, sentence: asPhrase("one rank by itself needs no network") };
  const step = formatSeconds(seconds / SHARE);
  return {
    check: "network",
    holds: null,
    sentence: phrase`a sum of ${formatBytes(bytes)} over all ranks takes ${formatSeconds(seconds)}, of one number ${formatSeconds(leastSeconds)}: under 3 % of steps from ${step} on; raise gradient accumulation where steps are shorter`,
  };
}

/** Findings for people: those that hold, and those that do not. */
export function tellFindings(findings: readonly RanksFinding[]): Told {
  const marks = new Map<boolean | null, Phrase>([
    [true, asPhrase("yes")],
    [false, asPhrase("no")],
  ]);
  return [
    {
      head: [asPhrase("check"), asPhrase("holds"), ""],
      rows: findings.map(({ check, holds, sentence }) => [checkNames[check], marks.get(holds), sentence]),
    },
  ];
}

const checkNames: Readonly<Record<RanksCheck, Phrase>> = {
  launcher: phrase`launcher`,
  library: phrase`library`,
  hosts: phrase`hosts`,
  interface: phrase`interface`,
  ranks: phrase`ranks`,
  placement: phrase`placement`,
  agreement: phrase`agreement`,
  network: phrase`network`,
};
