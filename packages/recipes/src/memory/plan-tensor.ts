import type { ModelConfig } from "@lathe/model";

const FLOAT_BYTES = 4;

/**
 * Bytes a second that two ranks of a machine add up over shared memory, and seconds that it takes at least: Open MPI on a machine of two
 * cores, by messages of 4 bytes to 4 MB; see the guide on scaling.
 */
const SUM_BYTES_PER_SECOND = 4e9;
const SUM_SECONDS = 25e-6;

/** Sums a layer and micro-batch in each direction: after attention and after the MLP. */
const SUMS_EACH_WAY = 2;

/** A step whose layers are computed by several ranks together, beside the same step with whole layers. */
export interface TensorPlan {
  /** Ranks that share every layer. */
  readonly ranks: number;
  /** Bytes that a rank adds up with the others in a step. */
  readonly sumBytes: number;
  /** Seconds of a step that this takes. */
  readonly secondsInSums: number;
  /** Bytes of a process that has whole layers, in place of the plan's `totalBytes`. */
  readonly wholeBytes: number;
  /** Seconds of a step that as many ranks with whole layers share by its micro-batches. */
  readonly secondsByMicroBatches: number;
  /** Whether whole layers do not fit where shares do: else ranks that share micro-batches are no slower, and need no sums in layers. */
  readonly pays: boolean;
}

/** What ranks add up within the layers of a step, and how long that takes. */
export function tensorSums(
  { hiddenSize, layerCount }: Pick<ModelConfig, "hiddenSize" | "layerCount">,
  {
    tokens,
    microBatches,
    recomputedLayers,
    ranks,
  }: {
    /** Of all micro-batches. */
    readonly tokens: number;
    readonly microBatches: number;
    /** Layers that go forward twice. */
    readonly recomputedLayers: number;
    readonly ranks: number;
  },
): { readonly bytes: number; readonly seconds: number } {
  if (ranks === 1) return { bytes: 0, seconds: 0 };
  const sums = SUMS_EACH_WAY * (2 * layerCount + recomputedLayers);
  const bytes = sums * tokens * hiddenSize * FLOAT_BYTES;
  // A ring sends 2 (n − 1) / n of what is summed, which is once for two.
  const sent = ((2 * (ranks - 1)) / ranks) * bytes;
  return { bytes, seconds: sums * microBatches * SUM_SECONDS + sent / SUM_BYTES_PER_SECOND };
}
