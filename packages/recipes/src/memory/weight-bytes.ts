import {
  architectureOf,
  type Dtype,
  dtypeSizes,
  elementCount,
  expectedTensors,
  type LinearPlace,
  linearPlaces,
  type ModelConfig,
  shareOf,
} from "@lathe/model";
import { estimateParameters } from "@lathe/peft";
import {
  type MatrixFormatName,
  matrixFormats,
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

/** Parameters that a model's config implies. */
export function parameterCount(config: ModelConfig): number {
  return [...expectedTensors(config).values()].map(elementCount).reduce((sum, size) => sum + size, 0);
}

/** Bytes of the linears of each layer. */
export interface LayerWeightBytes {
  readonly layers: readonly number[];
  /** What of each layer belongs to experts that tokens are routed to; 0 for a layer without. */
  readonly experts: readonly number[];
}

/** Bytes of the weights of a model, by what they belong to. */
export interface PlacedWeightBytes extends LayerWeightBytes {
  /** Embedding, head, norms and routers. */
  readonly ends: number;
  /** What the layers take in files. */
  readonly stored: LayerWeightBytes;
  /** Share of its layer's routed experts that a token goes to; 1 for a model without. */
  readonly tokenShare: number;
}

/**
 * Bytes that the weights of a model take when its linears are held in a format, by layers. The embedding and what a format
 * leaves alone stay as they are stored, and a tied head is the embedding, whatever its format; with `none`, all linears
 * stay so on the native engine, while others hold them in float32. Activations and caches come on top.
 *
 * @param inPlace whether the engine uses stored weights as they lie, as the native one does
 * @param sharing processes that compute layers together, of which one has its share of what can be divided
 */
export function placedWeightBytes(
  config: ModelConfig,
  weights: StoredTypes,
  format: WeightFormat,
  inPlace = true,
  sharing = 1,
): PlacedWeightBytes {
  const expected = expectedTensors(config);
  const inMemory = (name: string): number =>
    elementCount(expected.get(name)!) * storedElementBytes(weights, name);
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
  const stored = { layers: [...layers], experts: [...experts] };
  for (const { place, dtype } of places) {
    const { layer, block, weight, expert } = place;
    const shape = ownShape(place, sharing);
    const { fileBytes } = weights.info(weight);
    const packed = isPackedFolder ? packedLinearFormat(place, dtype) : packedAs(place, dtype, format);
    const isDense = !packed && format === "none" && !inPlace;
    const held = packed ?? (inPlace && fileBytes !== undefined ? fp8Of(place, shape) : null);
    const bytes = held
      ? packedBytes({ format: held, shape })
      : isDense
        ? elementCount(shape) * FLOAT_BYTES
        : Math.ceil((inMemory(weight) * elementCount(shape)) / elementCount(place.shape));
    const inFile = !packed && fileBytes !== undefined ? fileBytes : bytes;
    if (layer === null) ends += bytes;
    else {
      layers[layer] += bytes;
      stored.layers[layer] += inFile;
      if (expert !== null) {
        experts[layer] += bytes;
        stored.experts[layer] += inFile;
      }
    }
    // A head that is dense in the engine's memory has the table beside it.
    if (block === "head" && (isDense || weight !== embedding)) ends += inMemory(embedding);
  }
  // Norms and routers; biases belong to their linears.
  ends += config.hiddenSize * FLOAT_BYTES;
  for (let layer = 0; layer < config.layerCount; layer++) {
    for (const part of architecture.parts(config, layer)) {
      if (part.kind === "linear") {
        const bytes = part.hasBias ? ownShape(part, sharing)[0] * FLOAT_BYTES : 0;
        layers[layer] += bytes;
        stored.layers[layer] += bytes;
      } else {
        ends += (part.kind === "vector" ? part.size : elementCount(part.shape)) * FLOAT_BYTES;
      }
    }
  }
  const tokenShare = Math.min(...places.map(({ place }) => place.tokenShare));
  return { ends, layers, experts, stored, tokenShare };
}

/** The shape of what a process has of a linear. */
function ownShape(
  { shape, division }: Pick<LinearPlace, "shape"> & { readonly division?: LinearPlace["division"] },
  sharing: number,
): readonly [number, number] {
  const share = division ? shareOf({ shape, division }, { rank: 0, size: sharing }) : null;
  if (!share) return shape;
  const { outputs, inputs } = share;
  return [outputs.end - outputs.start, inputs.end - inputs.start];
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

/** What holds a part of a linear that is stored as 8-bit floats: these, or half floats where it is cut within a block. */
function fp8Of({ shape }: LinearPlace, [, columns]: readonly [number, number]): MatrixFormatName {
  const { blockColumns } = matrixFormats.fp8;
  return columns === shape[1] || columns % blockColumns === 0 ? "fp8" : "bf16";
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
