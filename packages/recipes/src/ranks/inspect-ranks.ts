import {
  checkLaunch,
  type Environment,
  findingsOfProbe,
  launchCommand,
  launchOf,
  openCollective,
  probeRanks,
  type RanksFinding,
  ranksOf,
  type RanksProbe,
  readRanksProbe,
  runLauncher,
} from "@lathe/distributed";
import { phrase } from "@lathe/files";
import { type LaunchAsked, readPlaces } from "./launch-places.js";
import { rankFacts } from "./rank-facts.js";

/** Ranks that are launched where nobody says how many. */
const RANKS = 2;

/** Seconds that ranks may take to come together, tell of themselves and add up. */
const LIMIT_SECONDS = 600;

/** What {@link inspectRanks} looks at. */
export interface InspectRanksOptions extends LaunchAsked {
  /** Model folder that must be the same on all machines. */
  readonly model?: string | undefined;
  /** Rows that must be. */
  readonly data?: string | undefined;
  readonly environment: Environment;
  /** Words of the program that ranks are launched as: it calls {@link inspectRanks} too, and its last line is what was found. */
  readonly program: readonly string[];
  readonly signal: AbortSignal;
}

/** What was looked at, and what ranks said where they came together. */
export interface RanksInspection {
  readonly findings: readonly RanksFinding[];
  readonly found: RanksProbe | null;
}

/**
 * Looks at what a run on several machines needs: in a process that nothing launched at this machine, and at ranks that it
 * launches where nothing speaks against it; as one of several ranks at these.
 *
 * @returns null on every rank but the first
 * @throws LaunchError, FileError; the signal's reason when it aborts
 */
export async function inspectRanks(options: InspectRanksOptions): Promise<RanksInspection | null> {
  return launchOf(process.env) === null ? await launchProbe(options) : await probe(options);
}

async function probe({ model, data }: InspectRanksOptions): Promise<RanksInspection | null> {
  const ranks = await openCollective();
  const found = await probeRanks(ranks, await rankFacts(ranks, { model, data }));
  await ranks.close();
  return ranks.rank > 0 ? null : { findings: findingsOfProbe(found, null), found };
}

async function launchProbe({
  environment,
  program,
  signal,
  ...asked
}: InspectRanksOptions): Promise<RanksInspection> {
  const places = await readPlaces(asked, environment);
  const { launcher, findings } = await checkLaunch({ ...places, environment, signal });
  if (launcher === null || findings.some(({ holds }) => holds === false)) return { findings, found: null };
  const { hosts } = places;
  const ranks = ranksOf({ ...places, launcher, environment }) ?? RANKS;
  const { code, stdout } = await runLauncher(launchCommand(launcher, { ...places, ranks, program }), {
    environment,
    stdout: "keep",
    signal,
    // Ranks that come together have nothing to finish.
    finishSeconds: 0,
    limitSeconds: LIMIT_SECONDS,
  });
  signal.throwIfAborted();
  const found = readRanksProbe(stdout);
  if (found === null) {
    const sentence = phrase`ranks did not come together (code ${code ?? 1}); what they said stands above`;
    return { findings: [...findings, { check: "ranks", holds: false, sentence }], found };
  }
  const together: RanksFinding = {
    check: "ranks",
    holds: found.ranks.length === ranks,
    sentence: phrase`${found.ranks.length} of ${ranks} ranks came together`,
  };
  return { findings: [...findings, together, ...findingsOfProbe(found, hosts?.length ?? null)], found };
}
