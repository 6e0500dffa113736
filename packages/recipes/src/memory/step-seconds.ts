import { linearPlaces, type ModelConfig } from "@lathe/model";
import { type Engine, productRate } from "@lathe/tensor";
import type { MemoryPlan } from "./plan-memory.js";

/** Share of a step that products take; the rest is attention, norms, activations, the adapter and the optimiser. */
const PRODUCT_SHARE = 0.7;

/** What a step computes. */
export interface StepWork {
  /** Tokens of all its micro-batches. */
  readonly tokens: number;
  /** Scored labels of all its micro-batches. */
  readonly labels: number;
  /** Whether the weights themselves are trained, which takes a third product. */
  readonly trainsWeights: boolean;
  readonly plan: Pick<MemoryPlan, "recomputedLayers" | "layerCount">;
}

/** Multiplications and additions of the products of a step. */
export function stepOperations(
  config: ModelConfig,
  { tokens, labels, trainsWeights, plan }: StepWork,
): number {
  const passes = (trainsWeights ? 3 : 2) + plan.recomputedLayers / plan.layerCount;
  const places = linearPlaces(config);
  const sizeOf = (isHead: boolean): number =>
    places
      .filter(({ block }) => (block === "head") === isHead)
      .reduce((sum, { shape: [outFeatures, inFeatures] }) => sum + outFeatures * inFeatures, 0);
  return 2 * passes * sizeOf(false) * tokens + 2 * (trainsWeights ? 3 : 2) * sizeOf(true) * labels;
}

/** About how long a step takes here, in seconds: its products at the rate that was measured, and a share for the rest. */
export function stepSeconds(engine: Engine, config: ModelConfig, work: StepWork): number {
  return stepOperations(config, work) / productRate(engine, config.hiddenSize) / PRODUCT_SHARE;
}
