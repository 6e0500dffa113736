import {
  architectureOf,
  type Dtype,
  dtypeSizes,
  expectedTensors,
  type LinearPlace,
  linearPlaces,
  type ModelConfig,
} from "@lathe/model";
import { estimateParameters } from "@lathe/peft";
import {
  packedBytes,
  type PackedFormatName,
  packedFormats,
  packedLinearFormat,
  type WeightFormat,
} from "@lathe/quant";
import type { StoredTypes } from "../model/stored-types.js";

const FLOAT_BYTES = 4;

/** Gradients and the two moments of AdamW, all in float32 like the weights themselves. */
const COPIES_IN_TRAINING = 3;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Parameters that a model's config implies. */
export function parameterCount(config: ModelConfig): number {
  return [...expectedTensors(config).values()].map(sizeOf).reduce((sum, size) => sum + size, 0);
}

/** Bytes of the weights of a model, by what they belong to. */
export interface PlacedWeightBytes {
  /** Embedding, head and last norm. */
  readonly ends: number;
  readonly layers: readonly number[];
  /** What of each layer belongs to experts that tokens are routed to; 0 for a layer without. */
  readonly experts: readonly number[];
  /** Share of its layer's routed experts that a token goes to; 1 for a model without. */
  readonly tokenShare: number;
}

/**
 * Bytes that the weights of a model take when its linears are held in a format, by layers. The embedding and what a format
 * leaves alone stay as they are stored, and a tied head is the embedding, whatever its format; with `none`, all linears
 * stay so on the native engine, while others hold them in float32. Activations and caches come on top.
 *
 * @param inPlace whether the engine uses stored weights as they lie, as the native one does
 */
export function placedWeightBytes(
  config: ModelConfig,
  weights: StoredTypes,
  format: WeightFormat,
  inPlace = true,
): PlacedWeightBytes {
  const expected = expectedTensors(config);
  const stored = (name: string): number => sizeOf(expected.get(name)!) * storedElementBytes(weights, name);
  const architecture = architectureOf(config);
  const { embedding } = architecture.ends;
  const places = linearPlaces(config).map((place) => ({
    place,
    dtype: weights.info(place.weight).dtype,
  }));
  const isPackedFolder = places.some(
    ({ place, dtype }) => place.block !== "head" && packedLinearFormat(place, dtype),
  );
  let ends = 0;
  const layers = new Array<number>(config.layerCount).fill(0);
  const experts = new Array<number>(config.layerCount).fill(0);
  for (const { place, dtype } of places) {
    const { layer, block, shape, weight, expert } = place;
    const packed = isPackedFolder ? packedLinearFormat(place, dtype) : packedAs(place, dtype, format);
    const isDense = !packed && format === "none" && !inPlace;
    const bytes = packed
      ? packedBytes({ format: packed, shape })
      : isDense
        ? sizeOf(shape) * FLOAT_BYTES
        : stored(weight);
    if (layer === null) ends += bytes;
    else layers[layer] += bytes;
    if (layer !== null && expert !== null) experts[layer] += bytes;
    // A head that is dense in the engine's memory has the table beside it.
    if (block === "head" && (isDense || weight !== embedding)) ends += stored(embedding);
  }
  // Norms, biases and routers.
  ends += config.hiddenSize * FLOAT_BYTES;
  for (let layer = 0; layer < config.layerCount; layer++) {
    for (const part of architecture.parts(config, layer)) {
      const numbers =
        part.kind === "vector"
          ? part.size
          : part.kind === "fixed"
            ? sizeOf(part.shape)
            : part.hasBias
              ? part.shape[0]
              : 0;
      layers[layer] += numbers * FLOAT_BYTES;
    }
  }
  return { ends, layers, experts, tokenShare: Math.min(...places.map(({ place }) => place.tokenShare)) };
}

/** All of {@link placedWeightBytes} together. */
export function weightBytes(...of: Parameters<typeof placedWeightBytes>): number {
  const { ends, layers } = placedWeightBytes(...of);
  return layers.reduce((sum, bytes) => sum + bytes, ends);
}

/** The format that a linear is packed in while it is read, or null where it stays as it is stored. */
function packedAs(
  { block, shape }: LinearPlace,
  dtype: Dtype,
  format: WeightFormat,
): PackedFormatName | null {
  if (format === "none") return null;
  const packed = block === "head" ? packedFormats[format].headFormat : format;
  const { isStorable, scaling, dtype: target } = packedFormats[packed];
  if (!isStorable(shape[1])) return null;
  return scaling === "none" && dtype === target ? null : packed;
}

/** Bytes of an element in memory: what the file has, but for F64, which is narrowed. */
function storedElementBytes(weights: StoredTypes, name: string): number {
  return Math.min(FLOAT_BYTES, dtypeSizes[weights.info(name).dtype]);
}

/**
 * Bytes that trained parameters take with their gradients and the optimiser's moments.
 * @param parameters that are trained at a time   @param all that are trained in turn
 */
export function trainingBytes(parameters: number, all: number = parameters): number {
  return (all + parameters * COPIES_IN_TRAINING) * FLOAT_BYTES;
}

/** Bytes that an adapter with the default options takes while it is trained. */
export function adapterBytes(config: ModelConfig): number {
  return trainingBytes(estimateParameters(config).trainable);
}
