import type { PlacedWeightBytes } from "./weight-bytes.js";

/** Bytes of a number of the residual stream. */
const STREAM_BYTES = 4;

/** Layers of which the weights are in memory at a time: the one at work and the next. */
const LAYERS_HELD = 2;

/** After so many rounds, a count of tokens moves by less than one. */
const BALANCE_ROUNDS = 64;

const SECONDS_PER_HOUR = 3600;

/** What a streamed step is planned from. Sizes are bytes, times seconds. */
export interface StreamedStep {
  readonly weights: PlacedWeightBytes;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  /** Of all micro-batches together. */
  readonly tokens: number;
  /** What the process takes besides weights and the inputs of layers: itself, adapter, moments, one micro-batch at work. */
  readonly besides: number;
  /** What it may take in all. */
  readonly budgetBytes: number;
  /** What a disk reads or writes in a second; null where none is given. */
  readonly bytesPerSecond: number | null;
  /** To compute the step, every layer forward twice and backward once. */
  readonly secondsComputing: number;
}

/** How fast steps follow each other. */
export interface StepPace {
  readonly secondsPerStep: number;
  readonly tokensPerHour: number;
}

/**
 * A step whose weights stay on the disk. A layer at a time is in memory, all micro-batches pass it, and the next is read
 * meanwhile: once forward, and once backward from the last. Sizes are bytes.
 */
export interface StreamPlan {
  readonly tokensPerStep: number;
  /** Weights on the disk. */
  readonly weightBytes: number;
  /** Inputs of all layers for all tokens of a step, which stay in memory. */
  readonly inputBytes: number;
  /** Read in a step: of routed experts those that some token goes to, were tokens routed evenly. */
  readonly bytesPerStep: number;
  /** The share of routed experts that some token goes to; 1 for a model without. */
  readonly expertShare: number;
  /** The process, at most. */
  readonly residentBytes: number;
  readonly budgetBytes: number;
  readonly fits: boolean;
  readonly secondsComputing: number;
  /** The following are null where no disk is given. */
  readonly secondsReading: number | null;
  readonly pace: StepPace | null;
  /** Tokens of a step from which on the disk no longer makes the processor wait. */
  readonly balancedTokens: number | null;
  /** With half of the weights on a second disk as fast as the first. */
  readonly withSecondDisk: StepPace | null;
  /** With half of the micro-batches on a second machine that reads the weights from a disk of its own. */
  readonly withSecondMachine: StepPace | null;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Plans a step whose weights stay on the disk, by arithmetic alone. */
export function planStream(step: StreamedStep): StreamPlan {
  const { weights, hiddenSize, tokens, besides, budgetBytes, bytesPerSecond, secondsComputing } = step;
  const { ends, layers, experts, tokenShare } = weights;
  const inputBytes = tokens * (layers.length + 1) * hiddenSize * STREAM_BYTES;
  const residentBytes = besides + ends + LAYERS_HELD * Math.max(...layers, 0) + inputBytes;
  const shareOf = (count: number): number => 1 - (1 - tokenShare) ** count;
  const readOf = (count: number): number[] =>
    layers.map((bytes, layer) => bytes - (1 - shareOf(count)) * experts[layer]);
  // The last layer of the way forward is the first of the way back, and is there already.
  const bothWays = (read: readonly number[]): number => 2 * sum(read) - (read.at(-1) ?? 0);
  const read = readOf(tokens);
  const bytesPerStep = bothWays(read);
  const balanced = (rate: number): number => {
    const ofToken = secondsComputing / tokens;
    let count = bothWays(layers) / rate / ofToken;
    // Fewer tokens read no more experts: from above, the count falls to the one at which both take as long.
    for (let round = 0; round < BALANCE_ROUNDS; round++) count = bothWays(readOf(count)) / rate / ofToken;
    return Math.ceil(count);
  };
  const paceWith = (disks: number, machines: number): StepPace | null => {
    if (bytesPerSecond === null) return null;
    // Nothing can be computed before the first layer is there.
    const [first = 0] = read;
    const waiting = first / (disks * bytesPerSecond);
    const reading = (bytesPerStep - first) / (disks * bytesPerSecond);
    const secondsPerStep = waiting + Math.max(reading, secondsComputing / machines);
    return { secondsPerStep, tokensPerHour: (SECONDS_PER_HOUR * tokens) / secondsPerStep };
  };
  const secondsReading = bytesPerSecond === null ? null : bytesPerStep / bytesPerSecond;
  return {
    tokensPerStep: tokens,
    weightBytes: ends + sum(layers),
    inputBytes,
    bytesPerStep,
    expertShare: shareOf(tokens),
    residentBytes,
    budgetBytes,
    fits: residentBytes <= budgetBytes,
    secondsComputing,
    secondsReading,
    pace: paceWith(1, 1),
    balancedTokens: bytesPerSecond === null ? null : balanced(bytesPerSecond),
    withSecondDisk: paceWith(2, 1),
    withSecondMachine: paceWith(1, 2),
  };
}
