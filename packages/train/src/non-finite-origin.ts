import { joinPhrases, type Phrase, phrase } from "@lathe/files";
import {
  architectureOf,
  headPlace,
  type LanguageModel,
  nonFiniteTensors,
  type PlacedTensor,
  type StoredWeights,
} from "@lathe/model";
import { engineInUse } from "@lathe/tensor";
import { listPhrase } from "./list-phrase.js";

/** Where the numbers of a pass stop being finite. */
export interface NonFiniteOrigin {
  readonly part: "embedding" | "layer" | "head";
  /** Number of the layer, from 0, where it is one. */
  readonly layer?: number;
  /** Stored tensors of the part that are not finite themselves; none where it comes of what is computed. */
  readonly stored: readonly PlacedTensor[];
}

/** What {@link originSearch} looks into. */
export interface OriginOptions {
  /** What the objective computes with. */
  readonly model: Pick<LanguageModel, "config" | "onStream">;
  /** Opens the weights that the model was made of; closed after each search. */
  readonly openWeights: () => Promise<StoredWeights>;
}

/**
 * Looks for where a pass stops being finite.
 * @param compute runs the objective forward, with the passes that are looked into
 * @param goesBack whether a gradient is not finite although the loss is: it comes from the head, then from the last layer
 * @returns null where all that was computed is finite, and all stored weights are
 */
export type OriginSearch = (
  compute: () => Promise<void>,
  goesBack: boolean,
) => Promise<NonFiniteOrigin | null>;

/** A part of a model, in the order that a pass goes through them. */
type Part = Omit<NonFiniteOrigin, "stored">;

/**
 * A search that watches the residual stream of a model between its layers, and then reads the stored tensors of the part that
 * turned finite numbers into others. Where gradients alone are not finite, all parts are looked at from the head down, up to the first
 * with such a tensor. Good steps cost nothing.
 */
export function originSearch({ model, openWeights }: OriginOptions): OriginSearch {
  const { config } = model;
  const { ends, layerPrefix } = architectureOf(config);
  const partAt = (number: number): Part =>
    number === 0
      ? { part: "embedding" }
      : number <= config.layerCount
        ? { part: "layer", layer: number - 1 }
        : { part: "head" };
  const belongsTo =
    ({ part, layer }: Part) =>
    (name: string): boolean => {
      if (part === "embedding") return name.startsWith(ends.embedding);
      if (part === "layer") return name.startsWith(layerPrefix(layer!));
      return name.startsWith(ends.finalNorm) || name.startsWith(headPlace(config).weight);
    };
  const storedIn = async (part: Part): Promise<readonly PlacedTensor[]> => {
    // Weights may have gone since, or be another's: what is told of the step is told without them.
    const weights = await openWeights().catch(() => null);
    if (!weights) return [];
    try {
      return await nonFiniteTensors(weights, belongsTo(part)).catch(() => []);
    } finally {
      await weights.close();
    }
  };
  return async (compute, goesBack) => {
    const head = config.layerCount + 1;
    let first = head;
    const { onStream } = model;
    model.onStream = (layer, x) => {
      if (layer < first && !Number.isFinite(engineInUse().routines.sumOfSquares([x]))) first = layer;
    };
    try {
      await compute();
    } finally {
      model.onStream = onStream;
    }
    if (first < head || !goesBack) {
      const part = partAt(first);
      return { ...part, stored: await storedIn(part) };
    }
    for (let number = head; number >= 0; number--) {
      const part = partAt(number);
      const stored = await storedIn(part);
      if (stored.length > 0) return { ...part, stored };
    }
    return null;
  };
}

/** Says where numbers stop being finite, for messages. */
export function originPhrase({ part, layer, stored }: NonFiniteOrigin): Phrase {
  const where =
    part === "embedding"
      ? phrase`it begins in the embedding`
      : part === "layer"
        ? phrase`it begins in layer ${layer!}`
        : phrase`it begins in the last norm or the head`;
  const paths = [...new Set(stored.map(({ path }) => path))];
  if (paths.length === 0) return phrase`${where}, whose stored weights are finite`;
  const files = paths.map((path) => {
    const names = stored.filter((each) => each.path === path).map(({ tensor }) => tensor);
    return phrase`${listPhrase(names)} of ${path} is not finite`;
  });
  return phrase`${where}: ${joinPhrases(files)}`;
}
