import type { LayerBytes, LayerPart, LayerPlan } from "../architecture.js";
import type { MixtureConfig } from "./mixture-config.js";

const FLOAT_BYTES = 4;

/** What the bytes of a layer's activations depend on, besides the plan. */
export interface MixtureLayerSizes {
  readonly hiddenSize: number;
  /** Numbers a token that attention reads and gives, over all heads. */
  readonly attentionNumbers: number;
  /** The mixture, or the width of the MLP in its place. */
  readonly feed: MixtureConfig | number;
  /** What the layer consists of. */
  readonly parts: readonly LayerPart[];
}

/**
 * Bytes a token that a layer with a mixture of experts keeps and works with: each of its experts takes the token's row, and keeps
 * gate, up and their product.
 */
export function mixtureLayerBytes(
  { hiddenSize, attentionNumbers, feed, parts }: MixtureLayerSizes,
  plan: LayerPlan,
): LayerBytes {
  const isMixture = typeof feed !== "number";
  const copies = isMixture ? feed.expertsPerToken : 0;
  const width = isMixture ? feed.expertsPerToken * feed.expertSize + feed.sharedSize : feed;
  const router = isMixture ? 2 * feed.expertCount + 2 * feed.expertsPerToken : 0;
  const updated = parts.filter(
    (part) => part.kind === "linear" && plan.adapted.has(part.path.slice(part.path.lastIndexOf(".") + 1)),
  ).length;
  const experts = isMixture ? feed.expertCount / feed.expertsPerToken : 1;
  const numbers =
    // Inputs of both norms, what they gave, and the two sums.
    6 * hiddenSize +
    attentionNumbers +
    // Rows of the experts, what they gave, and that times its weight.
    3 * copies * hiddenSize +
    3 * width +
    router +
    Math.ceil(updated / experts) * plan.rank;
  return {
    kept: numbers * FLOAT_BYTES,
    atWork: FLOAT_BYTES * (3 * width + 2 * copies * hiddenSize + 6 * hiddenSize + attentionNumbers),
  };
}
