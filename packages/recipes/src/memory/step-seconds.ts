import { headPlace, linearPlaces, type ModelConfig } from "@lathe/model";
import type { Pace } from "@lathe/tensor";
import type { HeldWeights, MachinePace } from "./machine-pace.js";
import type { MemoryPlan } from "./plan-memory.js";

/** What a step takes over its products, attention and head: norms, activation functions, the adapter, the optimiser. */
const REST = 1.15;

/** What a step computes. */
export interface StepWork {
  /** Tokens of all its micro-batches. */
  readonly tokens: number;
  /** Scored labels of all its micro-batches. */
  readonly labels: number;
  /** How the weights are held. */
  readonly held: { readonly layers: HeldWeights; readonly head: HeldWeights };
  readonly plan: Pick<MemoryPlan, "recomputedLayers" | "layerCount">;
}

/** About how long a step takes, in seconds, at the pace of a machine. */
export function stepSeconds(pace: MachinePace, config: ModelConfig, work: StepWork): number {
  const { tokens, labels, held, plan } = work;
  const { recomputedLayers, layerCount } = plan;
  // A layer that is computed again goes forward twice.
  const passes = ({ forward, backward }: Pace): number =>
    forward * (1 + recomputedLayers / layerCount) + backward;
  // What all tokens pass is multiplied with more rows at a time than an expert, and so faster.
  const weights = new Map<number, number>();
  for (const { block, shape, tokenShare } of linearPlaces(config)) {
    if (block === "head") continue;
    weights.set(tokenShare, (weights.get(tokenShare) ?? 0) + tokenShare * shape[0] * shape[1]);
  }
  const products = Array.from(weights, ([share, count]) => {
    return tokens * count * passes(pace.product(held.layers, share));
  }).reduce((sum, seconds) => sum + seconds, 0);
  const attention = tokens * layerCount * passes(pace.attention());
  const head = labels * headPlace(config).shape[0] * pace.head(held.head);
  return REST * (products + attention + head);
}
