import { cpus } from "node:os";
import { runContestant } from "../shared/run-contestant.js";
import { type ProcessorTimes, readProcessorTimes } from "./processor-times.js";
import type { Pulse } from "./pulse.js";
import { bounds, isQuietStretch, percent, type Stretch, stretchBetween } from "./stretch.js";

/** Speed of the fixed product in a quiet round, by its fastest. */
const LEAST_PULSE = 0.93;

/** The machine in a round: what it did besides, and the slower of the two pulses around it. */
export interface RoundState {
  /** Null where the system does not tell. */
  readonly stretch: Stretch | null;
  readonly pulse: Pulse | null;
}

/** How quiet a measurement was. */
export interface Quietness {
  readonly isQuiet: boolean;
  /** Rounds whose times are in the result, and rounds that were taken. */
  readonly kept: number;
  readonly taken: number;
  /** The worst of the rounds kept: shares of the processors. */
  readonly others: number;
  readonly stolen: number;
  /** The fastest pulse of the session; null without native kernels. */
  readonly pulse: Pulse | null;
}

/** Which rounds were quiet. @param best the fastest pulse of the session */
export function quietOf(states: readonly RoundState[], best: Pulse | null): boolean[] {
  return states.map(
    ({ stretch, pulse }) =>
      (stretch === null || isQuietStretch(stretch)) &&
      (pulse === null ||
        best === null ||
        (pulse.one >= LEAST_PULSE * best.one && pulse.all >= LEAST_PULSE * best.all)),
  );
}

function joined(a: Pulse | null, b: Pulse | null, choose: (a: number, b: number) => number): Pulse | null {
  if (a === null || b === null) return a ?? b;
  return { one: choose(a.one, b.one), all: choose(a.all, b.all) };
}

/** How rounds are taken. */
export interface QuietRoundsOptions {
  /** Quiet rounds wanted. */
  readonly rounds: number;
  /** Rounds taken at most. */
  readonly attempts: number;
  /** Told of a round that is taken again. */
  readonly say?: (sentence: string) => void;
  /** Where the machine's state comes from; the machine unless a test says otherwise. */
  readonly readTimes?: () => ProcessorTimes | null;
  readonly measurePulse?: () => Promise<Pulse | null>;
}

/** Outcomes of the rounds that count, and how quiet they were. */
export interface QuietRounds<Outcome> {
  readonly outcomes: readonly Outcome[];
  readonly quietness: Quietness;
}

/**
 * Takes rounds until so many were quiet or there were enough attempts. The quiet ones count; where none was, all do, and the
 * result says that it was not quiet.
 * @param run takes a round, the first being 1
 */
export async function quietRounds<Outcome>(
  {
    rounds,
    attempts,
    say,
    readTimes = readProcessorTimes,
    measurePulse = pulseOfProcess,
  }: QuietRoundsOptions,
  run: (round: number) => Promise<Outcome>,
): Promise<QuietRounds<Outcome>> {
  const outcomes: Outcome[] = [];
  const states: RoundState[] = [];
  const cores = cpus().length;
  let pulseBefore = await measurePulse();
  let best = pulseBefore;
  let quiet: boolean[] = [];
  while (quiet.filter(Boolean).length < rounds && outcomes.length < attempts) {
    const before = readTimes();
    outcomes.push(await run(outcomes.length + 1));
    const after = readTimes();
    const pulse = await measurePulse();
    const stretch = before === null || after === null ? null : stretchBetween(before, after, cores);
    states.push({ stretch, pulse: joined(pulseBefore, pulse, Math.min) });
    pulseBefore = pulse;
    best = joined(best, pulse, Math.max);
    quiet = quietOf(states, best);
    if (!quiet.at(-1)) say?.(`That round was not quiet: ${describeState(states.at(-1)!, best)}.`);
  }
  const isQuiet = quiet.includes(true);
  const counts = isQuiet ? quiet : quiet.map(() => true);
  const kept = states.filter((_, round) => counts[round]);
  const worst = (share: (stretch: Stretch) => number): number =>
    Math.max(0, ...kept.map(({ stretch }) => (stretch === null ? 0 : share(stretch))));
  return {
    outcomes: outcomes.filter((_, round) => counts[round]),
    quietness: {
      isQuiet,
      kept: kept.length,
      taken: outcomes.length,
      others: worst(({ others }) => others),
      stolen: worst(({ stolen }) => stolen),
      pulse: best,
    },
  };
}

/** Of a process of its own: this one would otherwise hold the addon and its threads. */
async function pulseOfProcess(): Promise<Pulse | null> {
  const { pulse } = await runContestant<{ readonly pulse: Pulse | null }>("pulse", {});
  return pulse;
}

function describeState({ stretch, pulse }: RoundState, best: Pulse | null): string {
  return [
    ...(stretch === null
      ? []
      : [
          `others took ${percent(stretch.others)} of the processors`,
          `${percent(stretch.stolen)} were stolen`,
        ]),
    ...(pulse === null || best === null
      ? []
      : [
          `a fixed product ran at ${percent(pulse.one / best.one)} of its best speed on one thread`,
          `at ${percent(pulse.all / best.all)} on all`,
        ]),
  ].join(", ");
}

/** The sentence that belongs to a result. */
export function describeQuietness({ isQuiet, kept, taken, others, stolen, pulse }: Quietness): string {
  const rounds = `${kept} of ${taken} rounds count`;
  const threads =
    pulse === null
      ? ""
      : `; a fixed product ran ${(pulse.all / pulse.one).toFixed(2)} times as fast on all threads as on one`;
  const shares = `others took ${percent(others)} of the processors, ${percent(stolen)} were stolen at most`;
  return isQuiet
    ? `Quiet: ${rounds}, in which ${shares}${threads}.`
    : `Not quiet: no round stayed within the bounds (others ${percent(bounds.others)}, stolen ${percent(bounds.stolen)}, the fixed product within ${percent(1 - LEAST_PULSE)} of its best); ${shares}${threads}. Ratios flatter whoever does not wait with spinning threads and are not to be quoted.`;
}
