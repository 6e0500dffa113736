import { threefry2x32 } from "@lathe/kernels";
import { type Command, Option } from "commander";
import { median, type Measurement, summarise } from "../measure.js";
import {
  addCommonFlags,
  type CommonFlags,
  peerPython,
  precisionFlag,
  sizeFlag,
  whole,
} from "../shared/flags.js";
import type { Bandwidth } from "../shared/memory-bandwidth.js";
import { huggingFaceConfig, modelSizes, type ModelSize } from "../shared/model-sizes.js";
import { type BaseFormat, baseFormats } from "../shared/random-weights.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import { type PeerOutcome, runPeer } from "../shared/run-peer.js";
import { comparisonTable, type Table } from "../shared/table.js";
import type { GenerateJob, GenerateOutcome, LatheGenerateJob, LatheGenerateOutcome } from "./generate-job.js";

interface GenerateFlags extends CommonFlags {
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly precision: string;
  readonly prompt: number;
  readonly tokens: number;
  readonly warmUp: number;
  readonly rounds: number;
}

const PEER_DTYPES = ["bf16", "fp32"] as const;

/** Passes over the buffer each time that memory is measured. */
const BANDWIDTH_PASSES = 7;

/** Adds `bench generate`. */
export function addGenerateCommand(program: Command): void {
  const command = program
    .command("generate")
    .description("One sequence, a token at a time, beside Transformers and beside the bandwidth of memory")
    .addOption(sizeFlag("0.5b"))
    .addOption(new Option("--base <format>", "weights").choices(baseFormats).default("int8"))
    .addOption(precisionFlag())
    .option("--prompt <tokens>", "tokens of the prompt", whole(1), 32)
    .option("--tokens <count>", "new tokens measured", whole(1), 64)
    .option("--warm-up <count>", "new tokens before the clock counts, the first included", whole(1), 4)
    .option("--rounds <times>", "times that all contestants take their turn", whole(1), 1);
  addCommonFlags(command).action(runGenerate);
}

/** One contestant over all rounds. */
export interface GenerateSummary {
  readonly name: string;
  /** Seconds a token. */
  readonly token: Measurement;
  readonly tokensPerSecond: number;
  readonly firstTokenSeconds: number;
  readonly weightBytes: number;
  /** Bytes of weights by the median time of a token. */
  readonly weightBytesPerSecond: number;
  /** That, by the bandwidth of a plain read. */
  readonly bandwidthShare: number;
  readonly peakResidentBytes: number;
}

/** Sums the rounds of a contestant up. @param bandwidth bytes a second of a plain read */
export function summariseGeneration(
  name: string,
  rounds: readonly GenerateOutcome[],
  warmUp: number,
  bandwidth: number,
): GenerateSummary {
  const token = summarise(
    rounds.flatMap(({ seconds }) => seconds),
    warmUp,
  );
  const { weightBytes } = rounds[0];
  return {
    name,
    token,
    tokensPerSecond: 1 / token.median,
    firstTokenSeconds: Math.min(...rounds.map((round) => round.firstTokenSeconds)),
    weightBytes,
    weightBytesPerSecond: weightBytes / token.median,
    bandwidthShare: weightBytes / token.median / bandwidth,
    peakResidentBytes: Math.max(...rounds.map((round) => round.peakResidentBytes)),
  };
}

async function runGenerate(flags: GenerateFlags): Promise<void> {
  const { size, base, engine, precision } = flags;
  const { vocabularySize } = modelSizes[size];
  const job: GenerateJob = {
    size,
    prompt: Array.from({ length: flags.prompt }, (_, i) => threefry2x32([1, 2], [0, i])[0] % vocabularySize),
    tokens: flags.tokens,
    warmUp: flags.warmUp,
  };
  const latheJob: LatheGenerateJob = { ...job, engine, precision, base };
  const python = await peerPython(flags);
  const bandwidths: Bandwidth[] = [];
  const lathe: LatheGenerateOutcome[] = [];
  const peers = (python ? PEER_DTYPES : []).map((dtype) => ({
    dtype,
    rounds: [] as PeerOutcome<GenerateOutcome>[],
  }));
  for (let round = 1; round <= flags.rounds; round++) {
    const turn = flags.rounds > 1 ? `, round ${round} of ${flags.rounds}` : "";
    console.error(`Lathe${turn} …`);
    bandwidths.push(await runContestant<Bandwidth>("bandwidth", { repeats: BANDWIDTH_PASSES }));
    lathe.push(await runContestant<LatheGenerateOutcome>("generate", latheJob));
    bandwidths.push(await runContestant<Bandwidth>("bandwidth", { repeats: BANDWIDTH_PASSES }));
    for (const { dtype, rounds } of peers) {
      if (rounds.some((outcome) => "failure" in outcome)) continue;
      console.error(`Transformers ${dtype}${turn} …`);
      const peerJob = { ...job, config: huggingFaceConfig(size), dtype };
      rounds.push(await runPeer(python!, "peer_generate.py", peerJob, flags.peerTimeout));
    }
  }

  const bandwidth = median(bandwidths.map(({ bytesPerSecond }) => bytesPerSecond));
  const bestBandwidth = Math.max(...bandwidths.map(({ best }) => best));
  const own = summariseGeneration("lathe", lathe, flags.warmUp, bandwidth);
  const others = peers.map(({ dtype, rounds }) => {
    const failed = rounds.find((outcome) => "failure" in outcome);
    if (failed) return { name: dtype, failure: failed.failure };
    const outcomes = rounds.flatMap((round) => ("outcome" in round ? [round.outcome] : []));
    return summariseGeneration(dtype, outcomes, flags.warmUp, bandwidth);
  });
  const { engineDescription } = lathe[0];
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1);
  await publish(
    {
      name: ["generate", size, base, ...(precision === "auto" ? [] : [precision])].join("-"),
      title: `Generation, ${size} dimensions, ${base} weights, one sequence, ${flags.prompt} tokens of prompt, ${flags.tokens} new`,
      result: {
        engine: lathe[0].engine,
        engineDescription,
        precision: lathe[0].precision,
        bandwidth: { bytesPerSecond: bandwidth, best: bestBandwidth, threads: bandwidths[0].threads },
        lathe: own,
        peers: others,
        ratios: others.flatMap((peer) =>
          "failure" in peer
            ? []
            : [
                {
                  peer: peer.name,
                  speed: own.tokensPerSecond / peer.tokensPerSecond,
                  memory: own.peakResidentBytes / peer.peakResidentBytes,
                },
              ],
        ),
      },
      tables: [generateTable(own, others)],
      notes: [
        `A plain read by ${bandwidths[0].threads} threads, before and after: ${gigabytes(bandwidth)} GB/s median, ${gigabytes(bestBandwidth)} best. ` +
          `A token reads ${gigabytes(own.weightBytes)} GB of Lathe's weights.`,
        `Engine ${lathe[0].engine} (${engineDescription}), products in ${lathe[0].precision}. ` +
          `Warm-up ${flags.warmUp} tokens, rounds ${flags.rounds}; medians, ± half the distance between the quartiles.`,
      ],
    },
    { case: "generate", options: optionsOf(flags), python, save: flags.save },
  );
}

function optionsOf(flags: GenerateFlags): object {
  const { python: _python, save: _save, ...kept } = flags;
  return kept;
}

/** The contestants side by side; without peers no column compares. */
export function generateTable(
  own: GenerateSummary,
  others: readonly (GenerateSummary | { readonly name: string; readonly failure: string })[],
): Table {
  const columns = ["", "tokens/s", "±", "GB/s of weights", "of a plain read", "first token ms", "peak MiB"];
  const cells = (summary: GenerateSummary): string[] => [
    summary.tokensPerSecond.toFixed(1),
    `${(summary.token.spread * 100).toFixed(1)} %`,
    (summary.weightBytesPerSecond / 1e9).toFixed(1),
    `${(summary.bandwidthShare * 100).toFixed(0)} %`,
    (summary.firstTokenSeconds * 1000).toFixed(0),
    (summary.peakResidentBytes / 2 ** 20).toFixed(0),
  ];
  return comparisonTable(own, others, {
    columns,
    title: (name) => `Transformers ${name}`,
    cells,
    speed: (peer) => own.tokensPerSecond / peer.tokensPerSecond,
  });
}
