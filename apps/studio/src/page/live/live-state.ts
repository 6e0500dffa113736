import type { MetricsLine, RunOverview, RunTotals } from "@lathe/report";
import type { LinkedPage, LiveEvents } from "../../runs-api.js";

/** The course of a run so far. */
export interface KnownCurve {
  readonly points: readonly MetricsLine[];
  readonly totals: RunTotals;
  readonly badLines: number;
}

/** What the server has told of the runs. */
export interface LiveState {
  readonly folder: string;
  /** Those under way first, then the one that changed last. */
  readonly runs: readonly RunOverview[];
  readonly pages: readonly LinkedPage[];
  readonly curves: Readonly<Record<string, KnownCurve>>;
  readonly isCut: boolean;
}

/** What is known after more was told. @param state null before anything was */
export function withEvent<Name extends keyof LiveEvents>(
  state: LiveState | null,
  name: Name,
  data: LiveEvents[Name],
): LiveState | null {
  if (name === "runs") return withRuns(state, data as LiveEvents["runs"]);
  if (name === "curve" && state !== null) return withCurve(state, data as LiveEvents["curve"]);
  return state;
}

function withRuns(
  state: LiveState | null,
  { folder, isWhole, changed, gone, pages, isCut }: LiveEvents["runs"],
): LiveState {
  const known = new Map(isWhole ? [] : state?.runs.map((run) => [run.id, run]));
  for (const id of gone) known.delete(id);
  for (const run of changed) known.set(run.id, run);
  const rank = (run: RunOverview): number => (run.state === "running" ? 0 : 1);
  const runs = [...known.values()].sort(
    (one, other) => rank(one) - rank(other) || other.changedAt - one.changedAt,
  );
  return { folder, runs, pages, curves: state?.curves ?? {}, isCut };
}

function withCurve(
  state: LiveState,
  { run, from, points, totals, badLines }: LiveEvents["curve"],
): LiveState {
  const before = Object.hasOwn(state.curves, run) ? state.curves[run].points : [];
  const curve = { points: [...before.slice(0, from), ...points], totals, badLines };
  return { ...state, curves: { ...state.curves, [run]: curve } };
}
