import { threefry2x32 } from "@lathe/kernels";
import { type PackedFormatName, packedFormatNames } from "@lathe/quant";
import { type Command, Option } from "commander";
import { median, type Measurement, summarise } from "../measure.js";
import {
  addCommonFlags,
  cacheFlag,
  cacheFolder,
  type CommonFlags,
  peerPython,
  sizeFlag,
  whole,
} from "../shared/flags.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";
import { publish } from "../shared/report.js";
import { runContestant, type Started } from "../shared/run-contestant.js";
import { type PeerOutcome, runPeer } from "../shared/run-peer.js";
import { comparisonTable, type Table } from "../shared/table.js";
import type { LatheLoadJob, LatheLoadOutcome, LoadOutcome } from "./load-job.js";
import { bf16Folder, packedFolder } from "./model-folders.js";

interface LoadFlags extends CommonFlags {
  readonly size: ModelSize;
  readonly base: PackedFormatName;
  readonly prompt: number;
  readonly repeats: number;
  readonly cache: string;
}

const PEER_DTYPES = ["bf16", "fp32"] as const;

/** Adds `bench load`. */
export function addLoadCommand(program: Command): void {
  const command = program
    .command("load")
    .description(
      "From the start of a process over opening a model folder to the first token, beside Transformers",
    )
    .addOption(sizeFlag("0.5b"))
    .addOption(
      new Option("--base <format>", "format of the folder").choices(packedFormatNames).default("int8"),
    )
    .option("--prompt <tokens>", "tokens of the prompt", whole(1), 8)
    .option("--repeats <times>", "processes measured, after one that is not", whole(1), 5)
    .addOption(cacheFlag());
  addCommonFlags(command).action(runLoad);
}

/** One contestant; seconds from the start of its process, of the median run each. */
export interface LoadSummary {
  readonly name: string;
  /** Until the program's modules were there. */
  readonly importedSeconds: number;
  /** Until the model was there. */
  readonly loadedSeconds: number;
  readonly firstToken: Measurement;
  readonly peakResidentBytes: number;
}

/** Sums the measured processes of a contestant up. */
export function summariseLoads(name: string, runs: readonly (LoadOutcome & Started)[]): LoadSummary {
  const medianOf = (of: (run: LoadOutcome) => number): number =>
    median(runs.map((run) => (of(run) - run.startedAt) / 1000));
  return {
    name,
    importedSeconds: medianOf(({ importedAt }) => importedAt),
    loadedSeconds: medianOf(({ loadedAt }) => loadedAt),
    firstToken: summarise(
      runs.map(({ firstTokenAt, startedAt }) => (firstTokenAt - startedAt) / 1000),
      1,
    ),
    peakResidentBytes: Math.max(...runs.map((run) => run.peakResidentBytes)),
  };
}

async function runLoad(flags: LoadFlags): Promise<void> {
  const { size, base, engine, repeats } = flags;
  const cache = await cacheFolder(flags);
  const python = await peerPython(flags);
  const folder = await packedFolder(cache, size, base);
  const { vocabularySize } = modelSizes[size];
  const prompt = Array.from(
    { length: flags.prompt },
    (_, i) => threefry2x32([1, 2], [0, i])[0] % vocabularySize,
  );
  const job: LatheLoadJob = { engine, folder, format: base, prompt };
  const peers = (python ? PEER_DTYPES : []).map((dtype) => ({
    dtype,
    runs: [] as PeerOutcome<LoadOutcome>[],
  }));
  const lathe: (LatheLoadOutcome & Started)[] = [];
  // The first process of each reads the files into the system's cache and is not counted.
  for (let run = 0; run <= repeats; run++) {
    console.error(run === 0 ? "Everyone once, not counted …" : `Run ${run} of ${repeats} …`);
    const outcome = await runContestant<LatheLoadOutcome>("load", job);
    if (run > 0) lathe.push(outcome);
    for (const { dtype, runs } of peers) {
      if (runs.some((of) => "failure" in of)) continue;
      const peerJob = { folder: await bf16Folder(cache, size), dtype, prompt };
      const peer = await runPeer<LoadOutcome>(python!, "peer_load.py", peerJob, flags.peerTimeout);
      if (run > 0 || "failure" in peer) runs.push(peer);
    }
  }

  const own = summariseLoads("lathe", lathe);
  const others = peers.map(({ dtype, runs }) => {
    const failed = runs.find((of) => "failure" in of);
    if (failed) return { name: dtype, failure: failed.failure };
    return summariseLoads(
      dtype,
      runs.flatMap((of) => ("outcome" in of ? [of.outcome] : [])),
    );
  });
  const { engineDescription } = lathe[0];
  await publish(
    {
      name: ["load", size, base].join("-"),
      title: `Opening a folder of ${size} dimensions, ${base} weights, to the first token after ${flags.prompt}`,
      result: {
        engine: lathe[0].engine,
        engineDescription,
        lathe: own,
        peers: others,
        ratios: others.flatMap((peer) =>
          "failure" in peer
            ? []
            : [
                {
                  peer: peer.name,
                  speed: peer.firstToken.median / own.firstToken.median,
                  memory: own.peakResidentBytes / peer.peakResidentBytes,
                },
              ],
        ),
      },
      tables: [loadTable(own, others)],
      notes: [
        "Seconds from the start of the process; the files are in the system's cache. Peers open a bf16 folder of the same dimensions.",
        `Engine ${lathe[0].engine} (${engineDescription}). One process of each before the clock counts, then ${repeats}; medians, ± half the distance between the quartiles.`,
      ],
    },
    {
      case: "load",
      options: { engine, size, base, prompt: flags.prompt, repeats, peerTimeout: flags.peerTimeout },
      python,
      save: flags.save,
    },
  );
}

/** The contestants side by side; without peers no column compares. */
export function loadTable(
  own: LoadSummary,
  others: readonly (LoadSummary | { readonly name: string; readonly failure: string })[],
): Table {
  const columns = ["seconds to", "modules", "model", "first token", "±", "peak MiB"];
  const cells = (summary: LoadSummary): string[] => [
    summary.importedSeconds.toFixed(2),
    summary.loadedSeconds.toFixed(2),
    summary.firstToken.median.toFixed(2),
    `${(summary.firstToken.spread * 100).toFixed(1)} %`,
    (summary.peakResidentBytes / 2 ** 20).toFixed(0),
  ];
  return comparisonTable(own, others, {
    columns,
    title: (name) => `Transformers ${name}`,
    cells,
    speed: (peer) => peer.firstToken.median / own.firstToken.median,
  });
}
