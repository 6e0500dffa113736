import { elementCount } from "@lathe/model";
import { BUCKET_VALUES } from "./buckets.js";
import type { OptimizerName } from "./named-optimiser.js";
import { cutBytes } from "./optimiser-bytes.js";

const FLOAT_BYTES = 4;

/** MPI's library, koffi, and what they have at hand for messages: 13 MB with Open MPI, 16 MB with MPICH. */
const LIBRARY_BYTES = 16e6;

/** What the library works in while it adds up, and keeps: so many times what travels, where all ranks get all and where each gets a part. */
const SUM_TIMES = 2;
const PART_TIMES = 4;

/** What ranks exchange, and how. */
export interface Exchange {
  /** How many they are; 1 for a process by itself. */
  readonly ranks: number;
  /** Shapes of what is trained at a time. */
  readonly shapes: readonly (readonly number[])[];
  readonly optimizer: OptimizerName;
  /** Whether the optimiser is dealt to the ranks; see `DataParallelOptions`. */
  readonly isSharded: boolean;
  /** Whether sums have the order of micro-batches, so that the gradients of each are kept apart. */
  readonly isOrdered: boolean;
  /** Micro-batches of a step that a rank computes at most. */
  readonly microBatches: number;
  /** Bytes that ranks add up at once within a layer; 0 where each computes whole layers. */
  readonly layerSumBytes: number;
}

/** Bytes that a rank takes at most to come to the same update as the others, besides gradients and parameters. */
export function exchangeBytes(exchange: Exchange): number {
  const { ranks, shapes, optimizer, isSharded, isOrdered, microBatches } = exchange;
  const all = FLOAT_BYTES * shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
  // Those of the last micro-batch are among the gradients anyway.
  const apart = isOrdered ? (microBatches - 1) * all : 0;
  if (ranks === 1) return apart;
  const travelling = Math.min(all, FLOAT_BYTES * BUCKET_VALUES);
  const scattered = isSharded ? travelling / ranks + cutBytes(optimizer, shapes, ranks) : 0;
  // In order a rank adds up what others send by itself: the library adds nothing up, and works in no memory for it.
  const added = isOrdered ? travelling : (isSharded ? PART_TIMES : SUM_TIMES) * travelling;
  const working = Math.max(added, SUM_TIMES * exchange.layerSumBytes);
  return Math.ceil(LIBRARY_BYTES + apart + travelling + scattered + working);
}
