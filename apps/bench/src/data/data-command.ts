import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { cacheFlag, cacheFolder, list, peerPython, saveFlag, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import { type PeerOutcome, runPeer } from "../shared/run-peer.js";
import { comparisonTable, type Table } from "../shared/table.js";
import { UsageError } from "../shared/usage-error.js";
import type { DataJob, DataOutcome } from "./data-job.js";
import { qwenTokenizer } from "./qwen-tokenizer.js";
import { rowFile } from "./row-file.js";

/** Resident bytes that a run of any size may take. */
const MOST_BYTES = 600 * 2 ** 20;
/** How much more the largest run may take than the smallest. */
const MOST_GROWTH = 0.1;
const PEER_MODULES = ["datasets", "tokenizers", "numpy"];

interface DataFlags {
  readonly rows: string[];
  readonly seed: number;
  readonly tokenizer: string;
  readonly cache: string;
  readonly python?: string;
  readonly peer: boolean;
  readonly peerTimeout: number;
  readonly save?: string;
}

/** A contestant on so many rows. */
interface DataSummary extends DataOutcome {
  readonly name: string;
}

/** Adds `bench data`. */
export function addDataCommand(program: Command): void {
  program
    .command("data")
    .description(
      "Generated dialogues to clean, de-duplicated, masked, split and tokenised rows, beside datasets, tokenizers and NumPy; fails where memory grows with the rows",
    )
    .option("--rows <counts>", "numbers of rows, by size", list, ["100000", "1000000"])
    .option("--seed <seed>", "of the rows", whole(0), 7)
    .option(
      "--tokenizer <folder>",
      "with tokenizer.json and a chat template; Qwen3's unless given",
      qwenTokenizer,
    )
    .addOption(cacheFlag("generated rows", "rows"))
    .option("--python <path>", `Python with ${PEER_MODULES.join(", ")}; else LATHE_PYTHON, else python3`)
    .option("--no-peer", "measure Lathe alone")
    .addOption(
      new Option("--peer-timeout <seconds>", "time that each peer has").argParser(whole(1)).default(7200),
    )
    .addOption(saveFlag())
    .action(runData);
}

async function runData(flags: DataFlags): Promise<void> {
  const counts = flags.rows.map((text) => {
    const count = Number(text);
    if (Number.isSafeInteger(count) && count > 0) return count;
    throw new UsageError(`--rows: expected whole numbers from 1, got ${text}`);
  });
  const python = await peerPython(flags, PEER_MODULES);
  const cache = await cacheFolder(flags);
  const measured = [];
  for (const count of counts) {
    console.error(`${count} rows …`);
    const file = await rowFile(cache, count, flags.seed);
    const run = async <Outcome>(measure: (job: DataJob) => Promise<Outcome>): Promise<Outcome> => {
      const folder = await mkdtemp(join(cache, "run-"));
      try {
        return await measure({
          file,
          tokenizer: resolve(flags.tokenizer),
          output: join(folder, "out"),
          seed: flags.seed,
        });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    };
    const lathe: DataSummary = {
      name: "lathe",
      ...(await run(async (job) => runContestant<DataOutcome>("data", job))),
    };
    let peers: (DataSummary | { readonly name: string; readonly failure: string })[] = [];
    if (python !== null) {
      console.error("datasets …");
      const outcome: PeerOutcome<DataOutcome> = await run(async (job) =>
        runPeer<DataOutcome>(python, "peer_data.py", job, flags.peerTimeout),
      );
      peers = [
        { name: "datasets", ...("outcome" in outcome ? outcome.outcome : { failure: outcome.failure }) },
      ];
    }
    measured.push({ rows: count, lathe, peers });
  }
  const peaks = measured.map(({ lathe }) => lathe.peakResidentBytes);
  const growth = peaks[peaks.length - 1] / peaks[0] - 1;
  const holds = growth <= MOST_GROWTH && Math.max(...peaks) <= MOST_BYTES;
  await publish(
    {
      name: ["data", ...counts].join("-"),
      title: "Generated dialogues, a fifth near copies, to a prepared folder with tokens",
      result: { measured, growth, holds },
      tables: measured.map(({ lathe, peers }) => dataTable(lathe, peers)),
      notes: [
        `Peak memory grows by ${(growth * 100).toFixed(1)} % from ${counts[0]} to ${counts[counts.length - 1]} rows; at most ${MOST_GROWTH * 100} %, and ${MOST_BYTES / 2 ** 20} MiB in all, pass.`,
        "The peer does the same steps with datasets.map, NumPy's MinHash and tokenizers, two processes where datasets has them.",
      ],
    },
    {
      case: "data",
      options: { rows: counts, seed: flags.seed, peerTimeout: flags.peerTimeout },
      python,
      save: flags.save,
    },
  );
  if (!holds) process.exitCode = 1;
}

/** The contestants on the same rows. */
export function dataTable(
  own: DataSummary,
  peers: readonly (DataSummary | { readonly name: string; readonly failure: string })[],
): Table {
  return comparisonTable(own, peers, {
    columns: [`${own.read} rows`, "seconds", "rows/s", "kept", "tokens", "peak MiB"],
    title: (name) => name,
    cells: ({ seconds, read, kept, tokens, peakResidentBytes }) => [
      seconds.toFixed(1),
      (read / seconds).toFixed(0),
      String(kept),
      String(tokens),
      (peakResidentBytes / 2 ** 20).toFixed(0),
    ],
    speed: (peer) => peer.seconds / own.seconds,
  });
}
