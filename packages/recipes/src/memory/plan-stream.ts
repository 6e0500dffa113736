import { type SpillFormat, spilledNumberBytes, UNWRITTEN_BYTES } from "@lathe/train";
import { RESIDENT_LAYERS } from "../model/resident-layers.js";
import type { PlacedWeightBytes } from "./weight-bytes.js";

/** Bytes of a number of the residual stream. */
const STREAM_BYTES = 4;

/** Streams of all tokens that are in memory where those that layers are computed again from are not: at the layer, and their gradients. */
const STREAMS_AT_WORK = 2;

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
  /** To widen what is read into what is multiplied with, a byte of the files; 0 where that is the same. */
  readonly secondsPerByte: number;
  /** How inputs of layers go to the disk where they do not fit. */
  readonly spillFormat: SpillFormat;
}

/** How fast steps follow each other. */
export interface StepPace {
  readonly secondsPerStep: number;
  readonly tokensPerHour: number;
}

/**
 * A step whose weights stay on the disk. A layer at a time is in memory, all micro-batches pass it, and the next is read
 * meanwhile: once forward, and once backward. Sizes are bytes.
 */
export interface StreamPlan {
  readonly tokensPerStep: number;
  /** Weights in memory, were all of them there. */
  readonly weightBytes: number;
  /** Those that stay on the disk, as they are stored. */
  readonly storedBytes: number;
  /** Inputs of layers for all tokens of a step: those in memory. */
  readonly inputBytes: number;
  /** How inputs of layers lie on the disk, where memory does not hold them; null where it does. */
  readonly spill: SpillFormat | null;
  /** Bytes of inputs of layers that are written to the disk in a step, and read back. */
  readonly spillBytes: number;
  /** Read in a step but for the first: of routed experts those that some token goes to, were tokens routed evenly. */
  readonly bytesPerStep: number;
  /** The share of routed experts that some token goes to; 1 for a model without. */
  readonly expertShare: number;
  /** The process, at most. */
  readonly residentBytes: number;
  readonly budgetBytes: number;
  readonly fits: boolean;
  readonly secondsComputing: number;
  /** To widen the weights that are read. */
  readonly secondsWidening: number;
  /** The following are null where no disk is given. */
  /** To read the weights, and to write and read the inputs of layers that go to the disk. */
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

/** Plans a step whose weights stay on the disk, by arithmetic alone. Inputs of layers go there where memory does not hold them. */
export function planStream(step: StreamedStep): StreamPlan {
  const { weights, hiddenSize, tokens, besides, budgetBytes, bytesPerSecond, secondsComputing } = step;
  const { spillFormat, secondsPerByte } = step;
  const { ends, layers, stored, tokenShare } = weights;
  const held = besides + ends + RESIDENT_LAYERS * Math.max(...layers, 0);
  const numbers = tokens * hiddenSize;
  const inMemory = numbers * (layers.length + 1) * STREAM_BYTES;
  const isSpilled = held + inMemory > budgetBytes;
  const spillBytes = isSpilled ? numbers * layers.length * spilledNumberBytes[spillFormat] : 0;
  const atWork = STREAMS_AT_WORK * numbers * STREAM_BYTES + Math.min(spillBytes, UNWRITTEN_BYTES);
  const inputBytes = isSpilled ? Math.min(inMemory, atWork) : inMemory;
  const residentBytes = held + inputBytes;
  const shareOf = (count: number): number => 1 - (1 - tokenShare) ** count;
  const readOf = (count: number): number[] =>
    stored.layers.map((bytes, layer) => bytes - (1 - shareOf(count)) * stored.experts[layer]);
  // Where the way turns, at the last layer and from step to step at the first, the layers that are held are those that come next.
  const bothWays = (read: readonly number[]): number =>
    sum(read.slice(RESIDENT_LAYERS)) + sum(read.slice(0, -RESIDENT_LAYERS));
  const bytesPerStep = bothWays(readOf(tokens));
  const secondsWidening = secondsPerByte * bytesPerStep;
  const balanced = (rate: number): number | null => {
    // What a token asks of the processor beyond what it asks of the disk, and what a byte of weights asks of the disk beyond.
    const ofToken = (secondsComputing - (2 * spillBytes) / rate) / tokens;
    const ofByte = 1 / rate - secondsPerByte;
    if (ofToken <= 0) return null;
    let count = (bothWays(stored.layers) * ofByte) / ofToken;
    // Fewer tokens read no more experts: from above, the count falls to the one at which both take as long.
    for (let round = 0; round < BALANCE_ROUNDS; round++) count = (bothWays(readOf(count)) * ofByte) / ofToken;
    return Math.max(1, Math.ceil(count));
  };
  const paceWith = (disks: number, machines: number): StepPace | null => {
    if (bytesPerSecond === null) return null;
    const reading = (bytesPerStep + (2 * spillBytes) / machines) / (disks * bytesPerSecond);
    const working = secondsComputing / machines + secondsWidening;
    const secondsPerStep = Math.max(reading, working);
    return { secondsPerStep, tokensPerHour: (SECONDS_PER_HOUR * tokens) / secondsPerStep };
  };
  return {
    tokensPerStep: tokens,
    weightBytes: ends + sum(layers),
    storedBytes: sum(stored.layers),
    inputBytes,
    spill: isSpilled ? spillFormat : null,
    spillBytes,
    bytesPerStep,
    expertShare: shareOf(tokens),
    residentBytes,
    budgetBytes,
    fits: residentBytes <= budgetBytes,
    secondsComputing,
    secondsWidening,
    secondsReading: bytesPerSecond === null ? null : (bytesPerStep + 2 * spillBytes) / bytesPerSecond,
    pace: paceWith(1, 1),
    balancedTokens: bytesPerSecond === null ? null : balanced(bytesPerSecond),
    withSecondDisk: paceWith(2, 1),
    withSecondMachine: paceWith(1, 2),
  };
}
