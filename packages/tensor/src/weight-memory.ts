import type { NativeKernels } from "@lathe/kernels";

/**
 * Memory outside the JavaScript heap that weights lie in, freed at a word and not by garbage collection, and what widens stored
 * 8-bit floats for whoever packs them anew.
 */
export type WeightMemory = Pick<
  NativeKernels,
  "allocate" | "free" | "mapFile" | "dropPages" | "fromFp8Blocks"
>;
