import { type Command, InvalidArgumentError, Option } from "commander";
import { addCommonFlags, type CommonFlags, list, peerPython, whole } from "../shared/flags.js";
import { type BaseFormat, baseFormats } from "../shared/random-weights.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import { runPeer } from "../shared/run-peer.js";
import { UsageError } from "../shared/usage-error.js";
import { productSpeeds, ratioTable, shapeName, speedRatios, speedTable } from "./compare-products.js";
import {
  type Direction,
  type GemmJob,
  type GemmOutcome,
  kindName,
  type LatheGemmJob,
  type LatheGemmOutcome,
  type MeasuredProduct,
  type ProductKind,
  type ProductShape,
} from "./gemm-job.js";
import type { TfjsJob } from "./measure-tfjs-product.js";

interface GemmFlags extends CommonFlags {
  readonly rows: number[];
  readonly weights: (readonly [outFeatures: number, inFeatures: number])[];
  readonly kinds: ProductKind[];
  readonly direction: Direction;
  readonly repeats: number;
  readonly budget: number;
  readonly rounds: number;
}

const precisions = ["fp32", "bf16", "int8"] as const;

/** Every format with the ways in which kernels multiply it. */
const defaultKinds: readonly ProductKind[] = [
  ...precisions.map((precision) => ({ format: "int8" as const, precision })),
  ...(["bf16", "nf4"] as readonly BaseFormat[])
    .filter((format) => baseFormats.includes(format))
    .flatMap((format) => (["fp32", "bf16"] as const).map((precision) => ({ format, precision }))),
  { format: "fp16", precision: "fp32" },
  { format: "fp32", precision: "fp32" },
];

/** Attention's and the feed-forward's weights at the hidden sizes of Qwen2.5-0.5B and 1.5B. */
const DEFAULT_WEIGHTS = "896x896,4864x896,896x4864,1536x1536,8960x1536";

const PEER_DTYPES = ["fp32", "bf16"];

function counts(text: string): number[] {
  return list(text).map(whole(1));
}

function weights(text: string): (readonly [number, number])[] {
  return list(text).map((shape) => {
    const sizes = /^([1-9]\d*)x([1-9]\d*)$/.exec(shape);
    if (!sizes) throw new InvalidArgumentError(`expected outputs x inputs, such as 4864x896, got ${shape}`);
    return [Number(sizes[1]), Number(sizes[2])];
  });
}

function kinds(text: string): ProductKind[] {
  return list(text).map((name) => {
    const [format, precision = "fp32", ...rest] = name.split(":");
    const isKnown =
      (baseFormats as readonly string[]).includes(format) &&
      (precisions as readonly string[]).includes(precision) &&
      rest.length === 0;
    if (!isKnown) {
      throw new InvalidArgumentError(
        `expected FORMAT:PRECISION of ${baseFormats.join(", ")} and ${precisions.join(", ")}, got ${name}`,
      );
    }
    return { format: format as BaseFormat, precision };
  });
}

/** Adds `bench gemm`. */
export function addGemmCommand(program: Command): void {
  const command = program
    .command("gemm")
    .description("Products with weights in every format, beside PyTorch and the backends of TensorFlow.js")
    .option("--rows <counts>", "rows of activations", counts, [256, 1024, 2048])
    .option("--weights <shapes>", "outputs x inputs", weights, weights(DEFAULT_WEIGHTS))
    .option("--kinds <names>", "FORMAT:PRECISION, e.g. int8:bf16", kinds, [...defaultKinds])
    .addOption(
      new Option("--direction <name>", "y = x Wᵀ, or dx = dy W")
        .choices(["forward", "gradient"])
        .default("forward"),
    )
    .option("--repeats <times>", "runs measured of each product and round", whole(1), 4)
    .addOption(
      new Option("--budget <seconds>", "after which a product is not repeated")
        .argParser(whole(1))
        .default(2),
    )
    .option("--rounds <times>", "times that all contestants take their turn", whole(1), 2);
  for (const option of command.options) {
    if (option.attributeName() === "weights") option.default(weights(DEFAULT_WEIGHTS), DEFAULT_WEIGHTS);
    if (option.attributeName() === "rows") option.default([256, 1024, 2048], "256,1024,2048");
    if (option.attributeName() === "kinds") option.default([...defaultKinds], "all that kernels have");
  }
  addCommonFlags(command).action(runGemm);
}

async function runGemm(flags: GemmFlags): Promise<void> {
  const { direction, repeats, budget, engine } = flags;
  const shapes: ProductShape[] = flags.weights.flatMap(([outFeatures, inFeatures]) =>
    flags.rows.map((rows) => ({ rows, outFeatures, inFeatures })),
  );
  if (shapes.length === 0 || flags.kinds.length === 0) {
    throw new UsageError("bench gemm: expected at least one of --rows, --weights and --kinds each");
  }
  const job: GemmJob = { shapes, direction, repeats, budget };
  const latheJob: LatheGemmJob = { ...job, engine, kinds: flags.kinds };
  const python = await peerPython(flags);

  const own: MeasuredProduct[] = [];
  const peers: MeasuredProduct[] = [];
  const failures: string[] = [];
  let first: LatheGemmOutcome | undefined;
  for (let round = 1; round <= flags.rounds; round++) {
    const turn = flags.rounds > 1 ? `, round ${round} of ${flags.rounds}` : "";
    console.error(`Lathe${turn} …`);
    const outcome = await runContestant<LatheGemmOutcome>("gemm", latheJob);
    first ??= outcome;
    own.push(...outcome.products);
    if (!python || failures.length > 0) continue;
    console.error(`PyTorch${turn} …`);
    const peer = await runPeer<GemmOutcome>(
      python,
      "peer_gemm.py",
      { ...job, dtypes: PEER_DTYPES },
      flags.peerTimeout,
    );
    if ("failure" in peer) failures.push(`PyTorch: ${peer.failure}`);
    else peers.push(...peer.outcome.products);
  }
  if (flags.peer && direction === "forward") {
    // One shape shows the order of magnitude; the rest would take minutes.
    const shape = shapes[0];
    for (const backend of ["wasm", "cpu"] as const) {
      console.error(`TensorFlow.js ${backend} at ${shapeName(shape)} …`);
      const tfjsJob: TfjsJob = { ...job, shapes: [shape], backend };
      peers.push(...(await runContestant<GemmOutcome>("tfjs", tfjsJob)).products);
    }
  }

  const { engine: engineName, engineDescription, passedOver } = first!;
  const ownSpeeds = productSpeeds(own);
  const peerSpeeds = productSpeeds(peers);
  const ratios = speedRatios(ownSpeeds, peerSpeeds);
  const worst = ownSpeeds.reduce((most, { error = 0 }) => Math.max(most, error), 0);
  await publish(
    {
      name: `gemm-${engineName}${direction === "gradient" ? "-gradient" : ""}`,
      title: `Products with packed weights, ${direction === "forward" ? "y = x Wᵀ" : "dx = dy W"}`,
      result: {
        engine: engineName,
        engineDescription,
        products: ownSpeeds,
        peers: peerSpeeds,
        ratios,
        failures,
        passedOver,
      },
      tables: [speedTable(ownSpeeds, peerSpeeds), ...(ratios.length > 0 ? [ratioTable(ratios)] : [])],
      notes: [
        `Engine ${engineName} (${engineDescription}). A column is FORMAT·PRECISION: how the weight is stored, and how activations enter.`,
        ...(worst > 0
          ? [`Checked against sums in float64: root mean square errors up to ${worst.toExponential(1)}.`]
          : []),
        ...failures,
        ...passedOver.map((reason) => `Not measured: ${reason}.`),
        `One run before the clock counts, then up to ${repeats} or ${budget} s, rounds ${flags.rounds}; medians.`,
      ],
    },
    {
      case: "gemm",
      options: {
        engine,
        rows: flags.rows,
        weights: flags.weights.map((shape) => shape.join("x")),
        kinds: flags.kinds.map(kindName),
        direction,
        repeats,
        budget,
        rounds: flags.rounds,
      },
      python,
      save: flags.save,
    },
  );
}
