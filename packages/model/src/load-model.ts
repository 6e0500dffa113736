import { type OnWarning, phrase, sayPhrase } from "@lathe/files";
import { endianness } from "node:os";
import { type Engine, engineInUse } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerWeights } from "./architectures/architecture.js";
import { architectureOf } from "./architectures/architecture-of.js";
import { divisionFault } from "./architectures/divided-model.js";
import {
  headPlace,
  type LayerLinearPlace,
  layerLinears,
  type StoredLinear,
} from "./architectures/linear-places.js";
import type { StoredWeights } from "./weights/stored-weights.js";
import { openWeights } from "./weights/open-weights.js";
import type { Dtype } from "./weights/tensor-info.js";
import { checkTensors, floatTypes } from "./config/check-tensors.js";
import { WeightsError } from "./errors.js";
import { readModelConfig } from "./config/read-model-config.js";
import { DenseLinear } from "./decoder/dense-linear.js";
import { EmbeddingTable } from "./decoder/embedding-table.js";
import { LanguageModel } from "./decoder/language-model.js";
import { heldLayers } from "./decoder/layer-provider.js";
import type { Linear } from "./decoder/linear.js";
import { shareOf } from "./architectures/linear-share.js";
import { SharedLinear } from "./decoder/shared-linear.js";
import type { TensorGroup } from "./decoder/tensor-group.js";
import { StreamedLayers } from "./decoder/streamed-layers.js";

/** Builds a linear from what stored weights hold. */
export type ReadLinear = (weights: StoredWeights, stored: StoredLinear) => Promise<Linear>;

/** Reads a linear as dense float32. @throws WeightsError when its weight is packed */
export const readDenseLinear: ReadLinear = async (weights, { weight, bias, shape }) => {
  const { dtype } = weights.info(weight);
  if (!floatTypes.includes(dtype)) {
    throw new WeightsError({
      path: weights.pathOf(weight),
      tensor: weight,
      expected: phrase`a dense weight of a dtype among ${floatTypes.join(", ")}`,
      actual: phrase`${dtype}, a packed one`,
      remedy: "give loadModel a readLinear that unpacks it, such as linearReader of @lathe/quant",
    });
  }
  const biasValues = bias === null ? null : await weights.readFloat32(bias);
  const held = weights.memory && dtype === "F32" ? await weights.hold(weight) : null;
  if (!held) {
    return new DenseLinear({ shape, weight: await weights.readFloat32(weight), bias: biasValues });
  }
  const { buffer, byteOffset } = held.bytes;
  const view = new Float32Array(buffer, byteOffset, shape[0] * shape[1]);
  return new DenseLinear({ shape, weight: view, bias: biasValues }, () => held.release());
};

/** How {@link loadModel} reads a model. */
export interface LoadModelOptions {
  /** What the model lies in and computes with. @defaultValue the engine in use, which was started last */
  readonly engine?: Engine;
  /** Makes the linears, e.g. packed ones. @defaultValue {@link readDenseLinear} */
  readonly readLinear?: ReadLinear;
  /**
   * Layers of which the weights are in memory at a time, at least two; the others stay on disk and are read while they are held. Such a
   * model computes by walking its layers alone. @defaultValue all
   */
  readonly residentLayers?: number | undefined;
  /**
   * Processes that compute the model together: of what their layers can be divided by, each keeps its share in memory. Not with
   * `residentLayers`.
   * @defaultValue none
   */
  readonly group?: TensorGroup | undefined;
  /** Tensors read so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Tensors in the files that the architecture has no use for, and the like. */
  readonly onWarning?: OnWarning;
}

/** The share of a linear that a process keeps of what was read. */
function keepShare(linear: Linear, place: LayerLinearPlace, group: TensorGroup): Linear {
  const { shape, division, path } = place;
  const share = division && shareOf({ shape, division }, group);
  if (!share) return linear;
  if (!linear.cut) throw new RangeError(`${path}: expected a linear that can be cut, got one that cannot`);
  try {
    return new SharedLinear(linear.cut(share.outputs, share.inputs), share);
  } catch (error) {
    linear.dispose();
    throw error;
  }
}

/** Formats of tables whose rows are read where they lie. */
const tableFormats: Partial<Record<Dtype, "fp32" | "bf16" | "fp16">> = {
  F32: "fp32",
  BF16: "bf16",
  F16: "fp16",
};

/** The table of stored weights, in the type it is stored in. */
async function readEmbedding(
  weights: StoredWeights,
  name: string,
  shape: readonly [rows: number, width: number],
): Promise<EmbeddingTable> {
  const format = tableFormats[weights.info(name).dtype];
  if (!format || endianness() !== "LE") {
    const codes = await weights.readFloat32(name);
    return new EmbeddingTable({ format: "fp32", shape, codes, scales: null });
  }
  const { bytes, release } = await weights.hold(name);
  const Codes = format === "fp32" ? Float32Array : Uint16Array;
  const codes = new Codes(bytes.buffer, bytes.byteOffset, shape[0] * shape[1]);
  return new EmbeddingTable({ format, shape, codes, scales: null }, release);
}

/**
 * Loads a Hugging Face model folder (`config.json`, safetensors) into the memory of an engine.
 *
 * @throws ModelConfigError, WeightsError
 */
export async function loadModel(folder: string, options: LoadModelOptions = {}): Promise<LanguageModel> {
  const { engine = engineInUse(), readLinear = readDenseLinear, onProgress, onWarning } = options;
  const { residentLayers } = options;
  const group = options.group && options.group.size > 1 ? options.group : null;
  if (group && residentLayers !== undefined)
    throw new RangeError("expected either layers that stay on disk or a group that shares them, got both");
  const config = await readModelConfig(folder);
  const fault = group && divisionFault(config, group.size);
  if (fault) throw new RangeError(sayPhrase(fault));
  // Files are little-endian, and so is what the kernels are built for.
  // Of a model that is streamed no more than the resident layers is to be in memory, not pages of its files as well.
  const weights = await openWeights(folder, {
    memory: engine.weightMemory,
    isMapped: residentLayers === undefined,
  });
  let isStreamed = false;
  const made: { dispose(): unknown }[] = [];
  const own = <Part extends { dispose(): unknown }>(part: Part): Part => {
    made.push(part);
    return part;
  };
  try {
    const { unused } = checkTensors(config, weights);
    if (unused.length > 0)
      onWarning?.(
        phrase`${folder}: ${unused.length} tensors are not used (${unused.slice(0, 3).join(", ")} …)`,
      );

    const places = Array.from({ length: config.layerCount }, (_, layer) => layerLinears(config, layer));
    const total = (residentLayers === undefined ? places.flat().length : 0) + 2;
    let done = 0;
    const step = <Part>(part: Part): Part => {
      onProgress?.(++done, total);
      return part;
    };
    const vector = async (name: string): Promise<tf.Tensor1D> =>
      own(tf.keep(tf.tensor1d(await weights.readFloat32(name))));
    const fixedTensor = async (name: string, shape: readonly number[]): Promise<tf.Tensor> =>
      own(tf.keep(tf.tensor(await weights.readFloat32(name), [...shape])));

    const architecture = architectureOf(config);
    const { ends } = architecture;
    const head = step(own(await readLinear(weights, headPlace(config))));
    // One table where embedding and head are tied, unless only `forward` knows what the head multiplies with.
    const shared = config.tieWordEmbeddings ? head.terms?.() : null;
    const tableShape = [config.vocabularySize, config.hiddenSize] as const;
    const embedding = step(
      shared
        ? new EmbeddingTable(shared.weight)
        : own(await readEmbedding(weights, ends.embedding, tableShape)),
    );
    const layers: LayerWeights[] = [];
    for (const [layer, ofLayer] of places.entries()) {
      const linears: Record<string, Linear> = {};
      for (const place of residentLayers === undefined ? ofLayer : []) {
        // Inputs that are divided give parts of a sum, to which one process alone adds the bias.
        const isBiased = group === null || group.rank === 0 || place.division?.axis !== "inputs";
        const read = await readLinear(weights, isBiased ? place : { ...place, bias: null });
        linears[place.pathInLayer] = step(own(group ? keepShare(read, place, group) : read));
      }
      const vectors: Record<string, tf.Tensor1D> = {};
      const fixed: Record<string, tf.Tensor> = {};
      for (const part of architecture.parts(config, layer)) {
        if (part.kind === "linear") continue;
        const name = architecture.layerPrefix(layer) + part.name;
        if (part.kind === "vector") vectors[part.name] = await vector(name);
        else fixed[part.name] = await fixedTensor(name, part.shape);
      }
      layers.push({ linears, vectors, fixed });
    }
    const finalNorm = await vector(ends.finalNorm);
    const { layerPrefix } = architecture;
    const provider =
      residentLayers === undefined
        ? heldLayers(layers)
        : new StreamedLayers({ weights, readLinear, places, others: layers, layerPrefix, residentLayers });
    isStreamed = residentLayers !== undefined;
    return new LanguageModel(config, { embedding, layers: provider, finalNorm, head, group }, engine);
  } catch (error) {
    for (const part of made) part.dispose();
    throw error;
  } finally {
    // Layers that are read later close the files when they are disposed.
    if (!isStreamed) await weights.close();
  }
}
