import { checkGateProgram } from "@lathe/export/gate";
import { statIfThere } from "@lathe/files";
import { threefry2x32 } from "@lathe/kernels";
import { exportModel } from "@lathe/recipes";
import type { Command } from "commander";
import { availableParallelism } from "node:os";
import { median } from "../measure.js";
import { randomServedFolder } from "../serve/random-served-folder.js";
import {
  cacheFlag,
  cacheFolder,
  engineFlag,
  list,
  precisionFlag,
  saveFlag,
  sizeFlag,
  whole,
} from "../shared/flags.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";
import type { BaseFormat } from "../shared/random-weights.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import type { Table } from "../shared/table.js";
import { UsageError } from "../shared/usage-error.js";
import type { LatheRepliesJob, LlamaCppJob, RepliesOutcome, RepliesPart } from "./replies-job.js";

/** A format of llama.cpp, the one of Lathe that is held to it, and how many times as fast Lathe is to be. */
interface Pair {
  readonly base: BaseFormat;
  readonly type: "Q8_0" | "Q4_K_M";
  readonly wanted: { readonly prompt: number; readonly one: number };
}

const pairs: Readonly<Record<string, Pair>> = {
  int8: { base: "int8", type: "Q8_0", wanted: { prompt: 2, one: 1.3 } },
  nf4: { base: "nf4", type: "Q4_K_M", wanted: { prompt: 2, one: 1.1 } },
};

/** How many times the tokens of one sequence several together are to have. */
const LEAST_GAIN = 3;

interface LlamaFlags {
  readonly engine: string;
  readonly precision: string;
  readonly size: ModelSize;
  readonly bases: string[];
  readonly prompt: number;
  readonly tokens: number;
  readonly sequences: number;
  readonly rounds: number;
  readonly threads: number;
  readonly cache: string;
  readonly save?: string;
}

/** Adds `bench llama`. */
export function addLlamaCommand(program: Command): void {
  program
    .command("llama")
    .description(
      "A prompt, one sequence and several beside llama.cpp, the same model in formats of as many bits; `lathe setup gate` installs it",
    )
    .addOption(engineFlag())
    .addOption(precisionFlag())
    .addOption(sizeFlag("0.5b"))
    .option("--bases <formats>", "int8 beside Q8_0, nf4 beside Q4_K_M", list, Object.keys(pairs))
    .option("--prompt <tokens>", "tokens of the long prompt", whole(1), 512)
    .option("--tokens <count>", "new tokens of each reply", whole(2), 64)
    .option("--sequences <count>", "sequences that are continued together", whole(2), 8)
    .option("--rounds <times>", "times that all take their turn", whole(1), 3)
    .option("--threads <count>", "of llama.cpp", whole(1), availableParallelism())
    .addOption(cacheFlag())
    .addOption(saveFlag())
    .action(runLlama);
}

/** A contestant over all rounds, in tokens a second. */
export interface RepliesSummary {
  readonly program: string;
  readonly prompt: number;
  readonly one: number;
  readonly several: number;
  readonly peakResidentBytes: number;
}

/** Sums the rounds of a contestant up: medians. @param promptTokens of the long prompt */
export function summariseReplies(rounds: readonly RepliesOutcome[], promptTokens: number): RepliesSummary {
  const medianOf = (numberOf: (outcome: RepliesOutcome) => number): number => median(rounds.map(numberOf));
  const pace = (part: number) => (outcome: RepliesOutcome) =>
    outcome.parts[part].decoded / outcome.parts[part].decodeSeconds;
  return {
    program: rounds[0].program,
    prompt: medianOf(({ parts }) => promptTokens / parts[0].promptSeconds),
    one: medianOf(pace(0)),
    several: medianOf(pace(1)),
    peakResidentBytes: Math.max(...rounds.map(({ peakResidentBytes }) => peakResidentBytes)),
  };
}

/** The GGUF file of a model of random weights, written once and kept. */
async function ggufFile(cache: string, size: ModelSize, type: Pair["type"]): Promise<string> {
  const model = await randomServedFolder(cache, size);
  const output = `${model}-${type}.gguf`;
  if ((await statIfThere(output)) !== null) return output;
  console.error(`Writing ${output} …`);
  // Of random weights the next token is a matter of chance: rounding decides it, and a proof by replies would prove nothing.
  await exportModel({ model, output, to: "gguf", type, gate: false });
  return output;
}

interface PairResult {
  readonly base: string;
  readonly type: string;
  readonly lathe: RepliesSummary;
  readonly llamaCpp: RepliesSummary;
  readonly ratios: {
    readonly prompt: number;
    readonly one: number;
    readonly several: number;
    readonly memory: number;
  };
  /** Lathe's tokens of several sequences by those of one. */
  readonly gain: number;
  readonly passed: boolean;
}

async function runLlama(flags: LlamaFlags): Promise<void> {
  const { size, engine, precision, prompt, tokens, sequences, rounds, threads, save } = flags;
  for (const base of flags.bases) {
    if (!Object.hasOwn(pairs, base)) {
      throw new UsageError(`--bases: expected some of ${Object.keys(pairs).join(", ")}, got ${base}`);
    }
  }
  await checkGateProgram("llama.cpp");
  const cache = await cacheFolder(flags);
  const drawn = (row: number, length: number): number[] =>
    Array.from(
      { length },
      (_, place) => threefry2x32([1, row], [place, 0])[0] % modelSizes[size].vocabularySize,
    );
  const parts: RepliesPart[] = [
    { prompts: [drawn(0, prompt)], tokens },
    { prompts: Array.from({ length: sequences }, (_, row) => drawn(row + 1, 32)), tokens },
  ];
  const results: PairResult[] = [];
  for (const name of flags.bases) {
    const { base, type, wanted } = pairs[name];
    const file = await ggufFile(cache, size, type);
    const own: RepliesOutcome[] = [];
    const peer: RepliesOutcome[] = [];
    for (let round = 1; round <= rounds; round++) {
      console.error(`${base} and ${type}, round ${round} of ${rounds} …`);
      const lathe: LatheRepliesJob = { parts, engine, precision, size, base };
      own.push(await runContestant<RepliesOutcome>("replies", lathe));
      const other: LlamaCppJob = { parts, file, threads };
      peer.push(await runContestant<RepliesOutcome>("llama-cpp", other));
    }
    const [lathe, llamaCpp] = [own, peer].map((outcomes) => summariseReplies(outcomes, prompt));
    const ratios = {
      prompt: lathe.prompt / llamaCpp.prompt,
      one: lathe.one / llamaCpp.one,
      several: lathe.several / llamaCpp.several,
      memory: lathe.peakResidentBytes / llamaCpp.peakResidentBytes,
    };
    const gain = lathe.several / lathe.one;
    const passed = ratios.prompt >= wanted.prompt && ratios.one >= wanted.one && gain >= LEAST_GAIN;
    results.push({ base, type, lathe, llamaCpp, ratios, gain, passed });
  }
  await publish(
    {
      name: ["llama", size, ...flags.bases, ...(precision === "auto" ? [] : [precision])].join("-"),
      title: `Beside llama.cpp, ${size} dimensions, a prompt of ${prompt} tokens, ${tokens} new, ${threads} threads`,
      result: { pairs: results },
      tables: [llamaTable(results, sequences)],
      notes: [
        ...results.map(({ base, type, lathe, gain, passed }) => {
          const { wanted } = pairs[base];
          return `${base} beside ${type}: ${lathe.program}; ${sequences} sequences have ${gain.toFixed(2)} times the tokens of one. Wanted: prompt ${wanted.prompt} ×, one sequence ${wanted.one} ×, ${sequences} sequences ${LEAST_GAIN} times one: ${passed ? "met" : "not met"}.`;
        }),
        `${results[0]?.llamaCpp.program ?? "llama.cpp"}: its own tokens greedily, prompts in batches of 512, flash attention. Sequences that are continued together have prompts of 32 tokens. Medians of ${rounds} rounds in turn.`,
      ],
    },
    { case: "llama", options: { ...flags, save: undefined }, python: null, save },
  );
  if (!results.every(({ passed }) => passed)) process.exitCode = 1;
}

/** Both programs by format. */
export function llamaTable(results: readonly PairResult[], sequences: number): Table {
  const row = (name: string, { prompt, one, several, peakResidentBytes }: RepliesSummary): string[] => [
    ...[name, prompt.toFixed(0), one.toFixed(1), several.toFixed(1)],
    (peakResidentBytes / 2 ** 20).toFixed(0),
  ];
  const ratio = (value: number): string => `${value.toFixed(2)} ×`;
  return {
    columns: ["tokens/s", "prompt", "one sequence", `${sequences} sequences`, "peak MiB"],
    rows: results.flatMap(({ base, type, lathe, llamaCpp, ratios }) => [
      row(`Lathe ${base}`, lathe),
      row(`llama.cpp ${type}`, llamaCpp),
      ["", ...[ratios.prompt, ratios.one, ratios.several, ratios.memory].map(ratio)],
    ]),
  };
}
