/**
 * Which activations a recorded pass keeps: all (`"none"`), or only inputs of layers, which are run again (`"block"`); a number
 * does the latter for so many layers, the first ones. Layers run again in segments of a few, see `segmentLengths`.
 */
export type Checkpointing = "none" | "block" | number;

/** Layers that are computed again. */
export function recomputedLayersOf(checkpointing: Checkpointing, layerCount: number): number {
  if (checkpointing === "none") return 0;
  return checkpointing === "block" ? layerCount : Math.min(checkpointing, layerCount);
}
