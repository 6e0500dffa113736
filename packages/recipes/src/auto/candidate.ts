import type { FinetuneOptions } from "../finetune-options.js";
import type { MethodName } from "../training/training-method.js";

/** A way to train that is tried. */
export interface Candidate {
  readonly method: MethodName;
  /** Linears to adapt, by role or name; empty where the weights themselves are trained. */
  readonly targets: readonly string[];
  /** Rank of the adapter; null where there is none. */
  readonly rank: number | null;
  /** Peak of the schedule. */
  readonly learningRate: number;
  /** Rows a step. */
  readonly stepRows: number;
}

/** Rank and rows a step of the first candidates. */
const RANK = 16;
const STEP_ROWS = 16;

/** The adapter's scale is alpha / rank: the rate means the same for every rank. */
const ALPHA_OVER_RANK = 2;

const DROPOUT = 0.1;

/** Share of the steps over which the rate rises. */
const WARMUP_SHARE = 0.04;

/** Between two rates that are tried first, and between a rate and its neighbours. */
const COARSE = 3;
const FINE = 1.8;

/**
 * A rate to start the search from, which suits adapters of a model: the wider a model, the smaller.
 * @param hiddenSize numbers a token
 */
const centralRate = (hiddenSize: number): number => 0.5 / hiddenSize;

/** Training the weights themselves takes about this share of an adapter's rate. */
const FULL_SHARE = 1 / 4;

const rounded = (rate: number): number => Number(rate.toPrecision(2));

/** The candidates that a search begins with: three rates each for three ways to train, the likeliest first. */
export function firstCandidates(hiddenSize: number): Candidate[] {
  const central = centralRate(hiddenSize);
  const ways = [
    { method: "lora", targets: ["all-linear"], rank: RANK, rate: central },
    { method: "lora", targets: ["query", "value"], rank: RANK, rate: central },
    { method: "full", targets: [], rank: null, rate: central * FULL_SHARE },
  ] as const;
  return [1, COARSE, 1 / COARSE].flatMap((factor) =>
    ways.map(({ rate, ...way }) => ({
      ...way,
      learningRate: rounded(rate * factor),
      stepRows: STEP_ROWS,
    })),
  );
}

/** What is like a candidate but for one thing: rates beside its own, half the rows a step, twice the rank. */
export function neighboursOf(candidate: Candidate): Candidate[] {
  const { learningRate, stepRows, rank } = candidate;
  return [
    { ...candidate, learningRate: rounded(learningRate * FINE) },
    { ...candidate, learningRate: rounded(learningRate / FINE) },
    ...(stepRows > 1 ? [{ ...candidate, stepRows: Math.ceil(stepRows / 2) }] : []),
    ...(rank === null ? [] : [{ ...candidate, rank: 2 * rank }]),
  ];
}

/** What `finetune` is asked for, to train a candidate for some steps. @param batchSize rows at a time */
export function candidateOptions(
  { method, targets, rank, learningRate, stepRows }: Candidate,
  {
    batchSize,
    maxSteps,
    seed,
  }: { readonly batchSize: number; readonly maxSteps: number; readonly seed: number },
): Pick<FinetuneOptions, "method" | "lora" | "train"> {
  return {
    method,
    ...(rank === null ? {} : { lora: { rank, alpha: ALPHA_OVER_RANK * rank, targets, dropout: DROPOUT } }),
    train: {
      batchSize,
      gradientAccumulation: Math.ceil(stepRows / batchSize),
      maxSteps,
      learningRate,
      warmupSteps: Math.ceil(WARMUP_SHARE * maxSteps),
      schedule: "cosine",
      seed,
    },
  };
}

/** A candidate in a few words: `lora all-linear r16, rate 2e-3, 16 rows a step`. */
export function candidateName({ method, targets, rank, learningRate, stepRows }: Candidate): string {
  const way = rank === null ? method : `${method} ${targets.join(",")} r${rank}`;
  return `${way}, rate ${learningRate.toExponential().replace("e+0", "")}, ${stepRows} rows a step`;
}
