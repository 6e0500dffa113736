import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { list, peerPython, saveFlag, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import { runPeer } from "../shared/run-peer.js";
import { comparisonTable, type Table } from "../shared/table.js";
import { UsageError } from "../shared/usage-error.js";
import { writeScorePairs } from "./score-pairs.js";
import { SCORED_METRICS, type ScoresOutcome } from "./scores-job.js";

/** How much more memory the largest number of pairs may take than the smallest. */
const MOST_GROWTH = 0.1;
const PEER_MODULES = ["nltk", "sacrebleu"];

interface ScoresFlags {
  readonly pairs: string[];
  readonly seed: number;
  readonly python?: string;
  readonly peer: boolean;
  readonly peerTimeout: number;
  readonly save?: string;
}

/** A contestant on so many pairs. */
interface ScoresSummary extends ScoresOutcome {
  readonly name: string;
}

/** Adds `bench scores`. */
export function addScoresCommand(program: Command): void {
  program
    .command("scores")
    .description(
      "BLEU, chrF and ROUGE of generated replies, beside sacreBLEU and rouge_score; fails where memory grows with the pairs",
    )
    .option("--pairs <counts>", "numbers of pairs, by size", list, ["10000", "100000"])
    .option("--seed <seed>", "of the pairs", whole(0), 7)
    .option(
      "--python <path>",
      "Python with sacrebleu and, for ROUGE, rouge_score; else LATHE_PYTHON, else python3",
    )
    .option("--no-peer", "measure Lathe alone")
    .addOption(
      new Option("--peer-timeout <seconds>", "time that each peer has").argParser(whole(1)).default(3600),
    )
    .addOption(saveFlag())
    .action(runScores);
}

async function runScores(flags: ScoresFlags): Promise<void> {
  const counts = flags.pairs.map((text) => {
    const count = Number(text);
    if (Number.isSafeInteger(count) && count > 0) return count;
    throw new UsageError(`--pairs: expected whole numbers from 1, got ${text}`);
  });
  const python = await peerPython(flags, PEER_MODULES);
  const folder = await mkdtemp(join(tmpdir(), "lathe-bench-scores-"));
  const measured = [];
  try {
    for (const count of counts) {
      console.error(`${count} pairs …`);
      const job = {
        predictions: join(folder, `predictions-${count}.jsonl`),
        references: join(folder, `references-${count}.jsonl`),
      };
      await writeScorePairs(job, count, flags.seed);
      const lathe = { name: "lathe", ...(await runContestant<ScoresOutcome>("scores", job)) };
      const peers: (ScoresSummary | { readonly name: string; readonly failure: string })[] = [];
      if (python !== null) {
        const end = await runPeer<ScoresOutcome>(python, "peer_scores.py", job, flags.peerTimeout);
        peers.push({ name: "sacreBLEU", ...("outcome" in end ? end.outcome : end) });
      }
      measured.push({ pairs: count, lathe, peers });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const peaks = measured.map(({ lathe }) => lathe.peakResidentBytes);
  const growth = peaks[peaks.length - 1] / peaks[0] - 1;
  const holds = growth <= MOST_GROWTH;
  await publish(
    {
      name: ["scores", ...counts].join("-"),
      title: "BLEU, chrF and ROUGE of generated replies in Chinese and English",
      result: { measured, growth, holds },
      tables: measured.map(({ pairs, lathe, peers }) => scoresTable(pairs, lathe, peers)),
      notes: [
        `Peak memory grows by ${(growth * 100).toFixed(1)} % from ${counts[0]} to ${counts[counts.length - 1]} pairs; at most ${MOST_GROWTH * 100} % pass.`,
        "Seconds are the processor's, user and system, so that other work on the machine does not count. The speed is of the metrics that both have, each read and scored alone, without intervals on either side; Lathe reads the files twice, to check them first.",
        "The last seconds are of all metrics at once with bootstrap intervals of 1,000 resamples, which is what `lathe eval` does. sacreBLEU's bootstrap is not run: it holds the numbers of all resamples at once, 8 GB at 100,000 pairs.",
      ],
    },
    {
      case: "scores",
      options: { pairs: counts, seed: flags.seed, peerTimeout: flags.peerTimeout },
      python,
      save: flags.save,
    },
  );
  if (!holds) process.exitCode = 1;
}

/** The contestants on the same pairs. */
export function scoresTable(
  pairs: number,
  own: ScoresSummary,
  peers: readonly (ScoresSummary | { readonly name: string; readonly failure: string })[],
): Table {
  return comparisonTable(own, peers, {
    columns: [
      `${pairs} pairs`,
      ...SCORED_METRICS.map((metric) => `${metric} s`),
      "all with intervals s",
      "peak MiB",
    ],
    title: (name) => name,
    cells: ({ seconds, secondsWithIntervals, peakResidentBytes }) => [
      ...SCORED_METRICS.map((metric) => seconds[metric]?.toFixed(1) ?? "–"),
      secondsWithIntervals?.toFixed(1) ?? "–",
      (peakResidentBytes / 2 ** 20).toFixed(0),
    ],
    speed: (peer) => {
      const both = SCORED_METRICS.filter((metric) => peer.seconds[metric] !== null);
      const sum = ({ seconds }: ScoresSummary): number =>
        both.reduce((total, metric) => total + (seconds[metric] ?? 0), 0);
      return sum(peer) / sum(own);
    },
  });
}
