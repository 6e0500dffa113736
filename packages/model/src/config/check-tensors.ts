import { phrase } from "@lathe/files";
import { architectureOf } from "../architectures/architecture-of.js";
import { expectedTensors } from "../architectures/expected-tensors.js";
import { linearPlaces } from "../architectures/linear-places.js";
import type { StoredWeights } from "../weights/stored-weights.js";
import type { Dtype } from "../weights/tensor-info.js";
import { WeightsError, quote } from "../errors.js";
import type { ModelConfig } from "./model-config.js";
import { packedSuffixes } from "./packed-suffixes.js";

/** Types that weights can be computed with. */
export const floatTypes: readonly Dtype[] = ["F64", "F32", "F16", "BF16"];

/** Types that the weights of linears may be packed in; whoever reads the linears knows what else belongs to them. */
const packedTypes: readonly Dtype[] = ["I8", "U8"];

/** The shape a tensor has in the file: linears of 4 bits lie in a column of bytes, two weights in each. */
function storedShape(shape: readonly number[], dtype: Dtype, isLinear: boolean): readonly number[] {
  return isLinear && dtype === "U8" ? [Math.ceil((shape[0] * shape[1]) / 2), 1] : shape;
}

/** Names that a message lists before it only counts. */
const SHOWN_NAMES = 5;

/** What `checkTensors` found besides the tensors of the model. */
export interface TensorCheck {
  /** Tensors that the model does not use, such as stored rotary frequencies; worth a warning. */
  readonly unused: string[];
}

/**
 * Compares the weights with the config: every tensor there, of the shape the config implies, of a float type or, for
 * linears, a packed one. With tied embeddings a stored output head is passed over, as the embedding takes its place.
 * @throws WeightsError that names the tensor at fault
 */
export function checkTensors(config: ModelConfig, weights: StoredWeights): TensorCheck {
  const expected = expectedTensors(config);
  const { embedding, head } = architectureOf(config).ends;
  const outputHead = `${head}.weight`;
  const linears = new Set(linearPlaces(config).map(({ weight }) => weight));
  linears.delete(embedding);
  const missing = [...expected.keys()].filter((name) => !weights.has(name));
  if (missing.length > 0) {
    const listed = missing.slice(0, SHOWN_NAMES).map(quote).join(", ");
    const onlyHead = missing.length === 1 && missing[0] === outputHead;
    throw new WeightsError({
      path: weights.path,
      ...(missing.length === 1 ? { tensor: missing[0] } : {}),
      expected: phrase`the ${expected.size} tensors of a ${config.architecture} model with ${config.layerCount} layers`,
      actual:
        missing.length > SHOWN_NAMES
          ? phrase`none of name ${listed} and ${missing.length - SHOWN_NAMES} more`
          : phrase`none of name ${listed}`,
      ...(onlyHead ? { remedy: "a model without one has tie_word_embeddings true in its config.json" } : {}),
    });
  }
  for (const [name, shape] of expected) {
    const info = weights.info(name);
    const isLinear = linears.has(name);
    const stored = storedShape(shape, info.dtype, isLinear);
    if (info.shape.length !== stored.length || info.shape.some((size, axis) => size !== stored[axis])) {
      throw new WeightsError({
        path: weights.pathOf(name),
        tensor: name,
        expected: phrase`shape [${stored.join(", ")}], as config.json implies`,
        actual: `[${info.shape.join(", ")}]`,
        remedy: "config and weights are of different models",
      });
    }
    if (!floatTypes.includes(info.dtype) && !(isLinear && packedTypes.includes(info.dtype))) {
      throw new WeightsError({
        path: weights.pathOf(name),
        tensor: name,
        expected: phrase`a dtype among ${floatTypes.join(", ")}`,
        actual: info.dtype,
      });
    }
  }
  const used = new Set(expected.keys());
  if (config.tieWordEmbeddings) used.add(outputHead);
  for (const name of expected.keys()) {
    if (!packedTypes.includes(weights.info(name).dtype)) continue;
    for (const suffix of Object.values(packedSuffixes)) used.add(name + suffix);
  }
  return { unused: weights.names().filter((name) => !used.has(name)) };
}
