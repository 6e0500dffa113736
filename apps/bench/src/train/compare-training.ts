import { type Measurement, summarise } from "../measure.js";
import type { PeerOutcome } from "../shared/run-peer.js";
import { comparisonTable, type Table } from "../shared/table.js";
import type { LatheTrainOutcome, MeasuredStep, TrainOutcome } from "./train-job.js";

/** Speed and memory of one contestant over all rounds. */
export interface ContestantSummary {
  readonly name: string;
  /** Seconds a step. */
  readonly step: Measurement;
  /** Median over the steps; tokens of padding are not counted. */
  readonly tokensPerSecond: number;
  /** The largest of the rounds. */
  readonly peakResidentBytes: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
}

/** A peer's setup with what came of it. */
export type PeerSummary = ContestantSummary | { readonly name: string; readonly failure: string };

/** Lathe's speed by a peer's, and Lathe's memory by the peer's. */
export interface Ratios {
  readonly peer: string;
  readonly speed: number;
  readonly memory: number;
}

/** All contestants side by side. */
export interface TrainComparison {
  readonly lathe: ContestantSummary;
  readonly peers: readonly PeerSummary[];
  /** Against every peer that was measured. */
  readonly ratios: readonly Ratios[];
  /** Name of the peer with the most tokens a second; null without peers. */
  readonly fastestPeer: string | null;
}

/** Sums the rounds of one contestant up. */
export function summariseRounds(
  name: string,
  rounds: readonly TrainOutcome[],
  warmUp: number,
): ContestantSummary {
  const steps: MeasuredStep[] = rounds.flatMap((round) => round.steps);
  const perToken = summarise(
    steps.map(({ seconds, tokens }) => seconds / tokens),
    warmUp,
  );
  return {
    name,
    step: summarise(
      steps.map(({ seconds }) => seconds),
      warmUp,
    ),
    tokensPerSecond: 1 / perToken.median,
    peakResidentBytes: Math.max(...rounds.map((round) => round.peakResidentBytes)),
    firstLoss: rounds[0].firstLoss,
    lastLoss: rounds[0].lastLoss,
  };
}

function wasMeasured(peer: PeerSummary): peer is ContestantSummary {
  return !("failure" in peer);
}

/** Compares the contestants. A peer that failed in any round counts as failed. */
export function compareTraining(
  lathe: readonly LatheTrainOutcome[],
  peers: readonly { readonly name: string; readonly rounds: readonly PeerOutcome<TrainOutcome>[] }[],
  warmUp: number,
): TrainComparison {
  const own = summariseRounds("lathe", lathe, warmUp);
  const summaries = peers.map(({ name, rounds }): PeerSummary => {
    const failed = rounds.find((round) => "failure" in round);
    if (failed) return { name, failure: failed.failure };
    const outcomes = rounds.flatMap((round) => ("outcome" in round ? [round.outcome] : []));
    return summariseRounds(name, outcomes, warmUp);
  });
  const measured = summaries.filter(wasMeasured);
  const fastest = measured.reduce<ContestantSummary | null>(
    (best, peer) => (best === null || peer.tokensPerSecond > best.tokensPerSecond ? peer : best),
    null,
  );
  return {
    lathe: own,
    peers: summaries,
    ratios: measured.map((peer) => ({
      peer: peer.name,
      speed: own.tokensPerSecond / peer.tokensPerSecond,
      memory: own.peakResidentBytes / peer.peakResidentBytes,
    })),
    fastestPeer: fastest?.name ?? null,
  };
}

/** The comparison as a table; without peers it has no columns that compare. */
export function trainTable({ lathe, peers, ratios, fastestPeer }: TrainComparison): Table {
  const columns = ["", "steps", "ms a step", "±", "tokens/s", "peak MiB", "loss, first → last"];
  const cells = ({ step, tokensPerSecond, peakResidentBytes, firstLoss, lastLoss }: ContestantSummary) => [
    String(step.repeats),
    (step.median * 1000).toFixed(0),
    `${(step.spread * 100).toFixed(1)} %`,
    tokensPerSecond.toFixed(tokensPerSecond < 100 ? 1 : 0),
    (peakResidentBytes / 2 ** 20).toFixed(0),
    `${firstLoss.toFixed(3)} → ${lastLoss.toFixed(3)}`,
  ];
  return comparisonTable(lathe, peers, {
    columns,
    title: (name) => `PyTorch ${name}${name === fastestPeer ? ", the fastest" : ""}`,
    cells,
    speed: (peer) => ratios.find(({ peer: of }) => of === peer.name)!.speed,
  });
}
