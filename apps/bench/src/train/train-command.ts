import { packedFormats } from "@lathe/quant";
import { parseBytes } from "@lathe/train";
import { type Command, InvalidArgumentError, Option } from "commander";
import { fileURLToPath } from "node:url";
import { median } from "../measure.js";
import { describeQuietness, quietRounds } from "../quiet/quiet-rounds.js";
import {
  addCommonFlags,
  type CommonFlags,
  list,
  peerPython,
  precisionFlag,
  share,
  sizeFlag,
  whole,
} from "../shared/flags.js";
import { huggingFaceConfig, modelSizes, type ModelSize } from "../shared/model-sizes.js";
import type { PeerPython } from "../shared/python.js";
import { type BaseFormat, baseFormats } from "../shared/random-weights.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import { type PeerOutcome, runPeer } from "../shared/run-peer.js";
import { UsageError } from "../shared/usage-error.js";
import { fileBatches, randomBatch } from "./batches.js";
import { compareTraining, trainTable } from "./compare-training.js";
import { defaultPeerSetups, parsePeerSetup, type PeerSetup, peerSetupForm } from "./peer-setups.js";
import { productsOfStep } from "./products-of-step.js";
import { describeLimit, measureLimit, type StepLimit } from "./step-limit.js";
import { profileTable } from "./step-profile.js";
import type { JobRow, LatheTrainJob, LatheTrainOutcome, TrainJob, TrainOutcome } from "./train-job.js";

function checkpointingPolicy(text: string): string {
  if (!/^(none|block|auto|[1-9]\d*)$/.test(text)) {
    throw new InvalidArgumentError(`expected none, block, auto or a number of layers, got ${text}`);
  }
  return text;
}

function memorySize(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === null) throw new InvalidArgumentError(`expected a size such as 8GB or 7.5GiB, got ${text}`);
  return bytes;
}

interface TrainFlags extends CommonFlags {
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly precision: string;
  readonly checkpointing: string;
  /** Bytes. */
  readonly memory?: number;
  readonly batch: number;
  readonly sequence: number;
  readonly promptShare: number;
  readonly rows?: string;
  readonly tokenizer: string;
  readonly rank: number;
  readonly targets: string[];
  readonly warmUp?: number;
  readonly repeats: number;
  readonly rounds: number;
  readonly attempts?: number;
  readonly profile?: boolean;
  readonly peers?: string[];
}

const exampleTokenizer = fileURLToPath(
  new URL("../../../../examples/customer-service/base-model", import.meta.url),
);

/** Rows of a file differ in length, and a compiled peer compiles anew once or twice before it takes any length. */
const WARM_UP = { random: 1, rows: 3 };

const LEARNING_RATE = 3e-5;

/** Adds `bench train`. */
export function addTrainCommand(program: Command): void {
  const command = program
    .command("train")
    .description("LoRA training steps on a model of random weights, beside PyTorch with PEFT")
    .addOption(sizeFlag("mini"))
    .addOption(new Option("--base <format>", "frozen weights").choices(baseFormats).default("int8"))
    .addOption(precisionFlag())
    .option(
      "--checkpointing <policy>",
      "none, block, a number of layers, or auto",
      checkpointingPolicy,
      "none",
    )
    .option("--memory <size>", "what the process may take, for --checkpointing auto, e.g. 8GB", memorySize)
    .option("--batch <rows>", "rows a step", whole(1), 4)
    .option("--sequence <tokens>", "tokens a random row", whole(2), 256)
    .option("--prompt-share <share>", "share of each random row without labels", share, 0)
    .option("--rows <file>", "rows of a file as they are, instead of random ones")
    .option("--tokenizer <folder>", "for --rows; the quick start's model unless given", exampleTokenizer)
    .option("--rank <rank>", "of the adapter", whole(1), 16)
    .option("--targets <names>", "linears to adapt", list, ["q_proj", "v_proj"])
    .option("--warm-up <steps>", "steps before the clock counts (1; with --rows 3)", whole(0))
    .option("--repeats <steps>", "steps measured", whole(1), 5)
    .option("--rounds <times>", "times that all contestants take their turn", whole(1), 1)
    .option("--attempts <times>", "rounds taken at most, to find quiet ones (rounds + 2)", whole(1))
    .option("--profile", "take samples of what the threads do, in steps of a process of their own")
    .option("--peers <names>", `peers' setups: ${peerSetupForm}`, list);
  addCommonFlags(command).action(runTrain);
}

async function runTrain(flags: TrainFlags): Promise<void> {
  const setups = peerSetups(flags);
  const warmUp = flags.warmUp ?? (flags.rows === undefined ? WARM_UP.random : WARM_UP.rows);
  const job: TrainJob = {
    size: flags.size,
    targets: flags.targets,
    rank: flags.rank,
    alpha: 2 * flags.rank,
    learningRate: LEARNING_RATE,
    batches: await batchesOf(flags, warmUp + flags.repeats),
    warmUp,
    repeats: flags.repeats,
  };
  const python = setups.length > 0 ? await peerPython(flags) : null;

  const turns: Turn[] = (python ? setups : []).map((setup) => ({ setup, failure: null }));
  const attempts = Math.max(flags.rounds, flags.attempts ?? flags.rounds + 2);
  const say = (sentence: string): void => {
    console.error(sentence);
  };
  const { outcomes, quietness } = await quietRounds(
    { rounds: flags.rounds, attempts, say },
    async (round): Promise<Round> => {
      const turn = round > 1 || flags.rounds > 1 ? `, round ${round}` : "";
      say(`Lathe${turn} …`);
      const lathe = await measureLathe(flags, job);
      const peers: Round["peers"] = [];
      for (const peer of turns) {
        // What failed once is not given its time again.
        if (peer.failure !== null) continue;
        say(`PyTorch ${peer.setup.name}${turn} …`);
        const outcome = await measurePeer(python!, peer.setup, job, flags.peerTimeout);
        if ("failure" in outcome) peer.failure = outcome;
        peers.push({ name: peer.setup.name, outcome });
      }
      return { lathe, peers };
    },
  );
  const lathe = outcomes.map((round) => round.lathe);
  const peers = turns.map(({ setup: { name }, failure }) => ({
    name,
    rounds:
      failure === null
        ? outcomes
            .flatMap((round) => round.peers.filter((peer) => peer.name === name))
            .map(({ outcome }) => outcome)
        : [failure],
  }));
  say("The products of a step alone …");
  const limit = await limitOf(flags, job, lathe[0]);
  const profiled = flags.profile === true ? await profileSteps(flags, job, say) : null;

  const comparison = compareTraining(lathe, peers, warmUp);
  const {
    engine,
    engineDescription,
    precision,
    trainableParameters,
    peakTensorBytes,
    modelResidentBytes,
    checkpointing,
  } = lathe[0];
  const rowsName = flags.rows === undefined ? `${flags.batch}x${flags.sequence}` : `${flags.batch}-file-rows`;
  const rowsTitle =
    flags.rows === undefined
      ? `${flags.batch} × ${flags.sequence} tokens${flags.promptShare > 0 ? `, ${flags.promptShare * 100} % prompt` : ""}`
      : `${flags.batch} rows of a file a step`;
  const nameParts = [
    "train",
    flags.size,
    flags.base,
    rowsName,
    ...(flags.promptShare > 0 && flags.rows === undefined ? [`prompt-${flags.promptShare * 100}`] : []),
    ...(flags.precision === "auto" ? [] : [flags.precision]),
    ...(flags.checkpointing === "none" ? [] : [`checkpointing-${flags.checkpointing}`]),
  ];
  await publish(
    {
      name: nameParts.join("-"),
      title: `LoRA steps, ${flags.size} dimensions, ${flags.base} base, rank ${flags.rank} on ${flags.targets.join(", ")}, ${rowsTitle}`,
      result: {
        engine,
        engineDescription,
        precision,
        trainableParameters,
        checkpointing,
        peakTensorBytes,
        modelResidentBytes,
        ...comparison,
        limit: limit && { ...limit, share: limit.seconds / comparison.lathe.step.median },
        profile: profiled?.profile ?? null,
        quietness,
      },
      quietness,
      tables: [trainTable(comparison), ...(profiled?.profile ? [profileTable(profiled.profile)] : [])],
      notes: [
        `Engine ${engine} (${engineDescription}), products in ${precision}; checkpointing ${policyName(flags, checkpointing)}; ` +
          `${trainableParameters} trainable parameters; ${mebibytes(peakTensorBytes)} of tensors at most; ` +
          `${mebibytes(modelResidentBytes)} resident before the first.`,
        ...(limit === null ? [] : [describeLimit(limit, comparison.lathe.step.median)]),
        ...(profiled === null ? [] : [profileSentence(profiled, comparison.lathe.step.median)]),
        `Warm-up ${warmUp}, repeats ${flags.repeats}, rounds ${flags.rounds}; medians, ± half the distance between the quartiles.`,
        describeQuietness(quietness),
      ],
    },
    { case: "train", options: optionsOf(flags, warmUp), python, save: flags.save },
  );
}

/** A peer, and why it has no more turns. */
interface Turn {
  readonly setup: PeerSetup;
  failure: PeerOutcome<TrainOutcome> | null;
}

/** What all contestants did in their turn. */
interface Round {
  readonly lathe: LatheTrainOutcome;
  readonly peers: { readonly name: string; readonly outcome: PeerOutcome<TrainOutcome> }[];
}

/** Microseconds between samples of a profile: a thousand a second take a few thousandths of one thread. */
const SAMPLE_EVERY = 1000;

/** The same steps again, with samples. */
async function profileSteps(
  flags: TrainFlags,
  job: TrainJob,
  say: (sentence: string) => void,
): Promise<LatheTrainOutcome> {
  say("Lathe, with samples …");
  return await measureLathe(flags, job, SAMPLE_EVERY);
}

/** The products that the rows of a step ask for, measured alone. */
async function limitOf(
  flags: TrainFlags,
  { batches }: TrainJob,
  { engine, precision }: LatheTrainOutcome,
): Promise<StepLimit | null> {
  const rows = batches.flat();
  // The first token of a row predicts the second: as many labels as those that are scored after the first.
  const labels = rows.reduce(
    (sum, row) => sum + row.labels.slice(1).filter((label) => label !== -100).length,
    0,
  );
  const tokens = rows.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  const products = productsOfStep({
    size: flags.size,
    base: flags.base,
    headFormat: flags.base === "fp32" ? "fp32" : packedFormats[flags.base].headFormat,
    tokens: Math.round(tokens / batches.length),
    labels: Math.round(labels / batches.length),
    microBatches: 1,
  });
  return await measureLimit(products, engine, precision);
}

function profileSentence({ steps }: LatheTrainOutcome, unsampled: number): string {
  const change = median(steps.map(({ seconds }) => seconds)) / unsampled - 1;
  return `Samples every ${SAMPLE_EVERY / 1000} ms in steps of a process of their own, which were ${Math.abs(change * 100).toFixed(1)} % ${change < 0 ? "faster" : "slower"} than those without.`;
}

/** The flags without what only this machine has. */
function optionsOf(flags: TrainFlags, warmUp: number): object {
  const { python: _python, save: _save, tokenizer: _tokenizer, ...kept } = flags;
  return { ...kept, warmUp };
}

function peerSetups(flags: TrainFlags): PeerSetup[] {
  if (!flags.peer) return [];
  if (flags.peers === undefined && flags.size === "7b") {
    console.error(
      "No peer is measured: at 7b it needs more memory than most machines have; name some by --peers.",
    );
    return [];
  }
  return (flags.peers ?? defaultPeerSetups(flags.checkpointing)).map((name) => {
    const setup = parsePeerSetup(name);
    if (!setup) throw new UsageError(`--peers: expected ${peerSetupForm}, got ${name}`);
    return setup;
  });
}

async function batchesOf(flags: TrainFlags, steps: number): Promise<JobRow[][]> {
  const { vocabularySize } = modelSizes[flags.size];
  if (flags.rows === undefined) {
    return [randomBatch(flags.batch, flags.sequence, flags.promptShare, vocabularySize)];
  }
  return await fileBatches(flags.rows, flags.tokenizer, flags.batch, steps, vocabularySize);
}

async function measureLathe(
  flags: TrainFlags,
  job: TrainJob,
  sampleEvery?: number,
): Promise<LatheTrainOutcome> {
  const { engine, base, precision, checkpointing } = flags;
  const own: LatheTrainJob = {
    ...job,
    engine,
    base,
    precision,
    checkpointing,
    memory: flags.memory ?? null,
    ...(sampleEvery === undefined ? {} : { sampleEvery }),
  };
  return await runContestant<LatheTrainOutcome>("train", own);
}

async function measurePeer(
  python: PeerPython,
  { dtype, compile, checkpointing }: PeerSetup,
  job: TrainJob,
  timeout: number,
): Promise<PeerOutcome<TrainOutcome>> {
  const own = { ...job, config: huggingFaceConfig(job.size), dtype, compile, checkpointing };
  return await runPeer<TrainOutcome>(python, "peer_train.py", own, timeout);
}

function policyName({ checkpointing, memory }: TrainFlags, chosen: string | number): string {
  if (checkpointing !== "auto") return checkpointing;
  const budget = memory === undefined ? "what is free" : `${(memory / 1e9).toFixed(1)} GB`;
  return `${typeof chosen === "number" ? `of ${chosen} layers` : chosen}, to fit ${budget}`;
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
