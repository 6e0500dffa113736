import {
  add,
  embedding,
  exactLinear,
  expertScores,
  expertWeights,
  join,
  reshape,
  scaleRows,
  split,
  sumRows,
  withTape,
} from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayerContext, LayerWeights } from "../architecture.js";
import { gatedMlpOf, type MlpLinears } from "../pre-norm-decoder/mlp.js";
import { chooseExperts } from "./choose-experts.js";
import type { MixtureConfig } from "./mixture-config.js";
import { mixtureNames } from "./mixture-parts.js";

/** Which tokens go to which experts, sorted by expert. Axes: N tokens, k experts a token. */
interface Routing {
  /** Experts that have tokens, in order. */
  readonly experts: readonly number[];
  /** Tokens of each of them. */
  readonly counts: readonly number[];
  /** [N · k] token numbers, those of the first expert first. */
  readonly tokens: Int32Array;
  /** [N · k] places among the choices, in the same order. */
  readonly places: Int32Array;
}

/** Choices [N, k] sorted by expert, and for an expert by token. */
function sortedByExpert(chosen: Int32Array, perToken: number, expertCount: number): Routing {
  const counts = new Int32Array(expertCount);
  for (const expert of chosen) counts[expert]++;
  const next = new Int32Array(expertCount);
  for (let expert = 1; expert < expertCount; expert++) next[expert] = next[expert - 1] + counts[expert - 1];
  const [tokens, places] = [new Int32Array(chosen.length), new Int32Array(chosen.length)];
  chosen.forEach((expert, place) => {
    tokens[next[expert]] = Math.floor(place / perToken);
    places[next[expert]++] = place;
  });
  const experts = Array.from(counts.keys()).filter((expert) => counts[expert] > 0);
  return { experts, counts: experts.map((expert) => counts[expert]), tokens, places };
}

const mlpAt = ({ linears }: LayerWeights, path: (part: keyof MlpLinears) => string): MlpLinears => ({
  gate: linears[path("gate")],
  up: linears[path("up")],
  down: linears[path("down")],
});

const routerLogits = ({ fixed }: LayerWeights, x: tf.Tensor2D): tf.Tensor2D =>
  exactLinear(x, fixed[mixtureNames.router] as tf.Tensor2D);

/** The experts of each row. @param logits [N, E] of the router @returns [N, k] expert numbers, row-major */
function expertsOf(
  { expertCount, expertsPerToken, weighting, groups }: MixtureConfig,
  { fixed }: LayerWeights,
  logits: tf.Tensor2D,
): Int32Array {
  const scores = expertScores(logits.dataSync<"float32">(), expertCount, weighting.scoring);
  const correction = groups ? fixed[mixtureNames.correction].dataSync<"float32">() : null;
  return chooseExperts(scores, expertCount, expertsPerToken, groups, correction);
}

/** The experts that {@link mixtureOfExperts} goes to. Not recorded. @param x [N, h] @returns [N, k] expert numbers, row-major */
export function chosenExperts(config: MixtureConfig, weights: LayerWeights, x: tf.Tensor2D): Int32Array {
  const logits = withTape(null, () => routerLogits(weights, x));
  try {
    return expertsOf(config, weights, logits);
  } finally {
    logits.dispose();
  }
}

/**
 * Σ wₑ · expertₑ(x) over the experts that the router chooses for each token, and the shared experts' output. Recorded on the
 * active tape: the choice has no gradient, the weights w have.
 *
 * @param x [N, h]   @returns [N, h], owned by the caller
 */
export function mixtureOfExperts(
  config: MixtureConfig,
  weights: LayerWeights,
  x: tf.Tensor2D,
  { routed: onRouted }: Pick<LayerContext, "routed"> = {},
): tf.Tensor2D {
  const { expertCount, expertsPerToken, sharedSize, weighting } = config;
  const logits = routerLogits(weights, x);
  const chosen = expertsOf(config, weights, logits);
  onRouted?.(chosen, expertCount);
  const { experts, counts, tokens, places } = sortedByExpert(chosen, expertsPerToken, expertCount);

  const rows = split(embedding(x, tokens), counts, 0);
  const outputs = experts.map((expert, index) =>
    gatedMlpOf(
      mlpAt(weights, (part) => mixtureNames.expert(expert, part)),
      rows[index],
    ),
  );
  const given: tf.Tensor2D = reshape(expertWeights(logits, chosen, weighting), [chosen.length, 1]);
  const factors: tf.Tensor1D = reshape(embedding(given, places), [chosen.length]);
  const routed = sumRows(scaleRows(join(outputs, 0), factors), tokens, x.shape[0]);
  if (sharedSize === 0) return routed;
  return add(routed, gatedMlpOf(mlpAt(weights, mixtureNames.shared), x));
}
