import { endianness } from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import type { Checkpoint } from "./checkpoint/checkpoint.js";
import { openCheckpoint } from "./checkpoint/open-checkpoint.js";
import type { Dtype } from "./checkpoint/tensor-info.js";
import { kernelsInUse } from "./checkpoint/weight-memory.js";
import { checkTensors, floatTypes } from "./config/check-tensors.js";
import { expectedTensors } from "./config/expected-tensors.js";
import { CheckpointError } from "./errors.js";
import { readModelConfig } from "./config/read-model-config.js";
import { DenseLinear } from "./decoder/dense-linear.js";
import { type DecoderLayer, type LayerLinearName, layerLinearNames } from "./decoder/decoder-layer.js";
import { EmbeddingTable } from "./decoder/embedding-table.js";
import { HEAD_PATH, LanguageModel, linearPath } from "./decoder/language-model.js";
import type { Linear } from "./decoder/linear.js";

/** A linear's place in a checkpoint. */
export interface StoredLinear {
  /** Path without `.weight`, e.g. `model.layers.0.self_attn.q_proj`; `lm_head` for the head. */
  readonly path: string;
  /** Name of the weight's tensor; a tied head's is the embedding's. */
  readonly weight: string;
  /** Name of the bias's tensor, or null. */
  readonly bias: string | null;
  readonly shape: readonly [outFeatures: number, inFeatures: number];
}

/** Builds a linear from what a checkpoint holds. */
export type ReadLinear = (checkpoint: Checkpoint, stored: StoredLinear) => Promise<Linear>;

/** Reads a linear as dense float32. @throws CheckpointError when its weight is packed */
export const readDenseLinear: ReadLinear = async (checkpoint, { weight, bias, shape }) => {
  const { dtype } = checkpoint.info(weight);
  if (!floatTypes.includes(dtype)) {
    throw new CheckpointError({
      path: checkpoint.pathOf(weight),
      tensor: weight,
      expected: `a dense weight of a dtype among ${floatTypes.join(", ")}`,
      actual: `${dtype}, a packed one`,
      remedy: "give loadModel a readLinear that unpacks it, such as linearReader of @lathe/quant",
    });
  }
  const biasValues = bias === null ? null : await checkpoint.readFloat32(bias);
  const held = checkpoint.memory && dtype === "F32" ? await checkpoint.hold(weight) : null;
  if (!held) {
    return new DenseLinear({ shape, weight: await checkpoint.readFloat32(weight), bias: biasValues });
  }
  const { buffer, byteOffset } = held.bytes;
  const view = new Float32Array(buffer, byteOffset, shape[0] * shape[1]);
  return new DenseLinear({ shape, weight: view, bias: biasValues }, () => held.release());
};

/** How {@link loadModel} reads a model. */
export interface LoadModelOptions {
  /** Makes the linears, e.g. packed ones. @defaultValue {@link readDenseLinear} */
  readonly readLinear?: ReadLinear;
  /** Tensors read so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Tensors in the files that the architecture has no use for, and the like. */
  readonly onWarning?: (message: string) => void;
}

const EMBEDDING = "model.embed_tokens.weight";

/** Formats of tables whose rows are read where they lie. */
const tableFormats: Partial<Record<Dtype, "fp32" | "bf16" | "fp16">> = {
  F32: "fp32",
  BF16: "bf16",
  F16: "fp16",
};

/** The table of a checkpoint, in the type it is stored in. */
async function readEmbedding(
  checkpoint: Checkpoint,
  shape: readonly [rows: number, width: number],
): Promise<EmbeddingTable> {
  const format = tableFormats[checkpoint.info(EMBEDDING).dtype];
  if (!format || endianness() !== "LE") {
    const codes = await checkpoint.readFloat32(EMBEDDING);
    return new EmbeddingTable({ format: "fp32", shape, codes, scales: null });
  }
  const { bytes, release } = await checkpoint.hold(EMBEDDING);
  const Codes = format === "fp32" ? Float32Array : Uint16Array;
  const codes = new Codes(bytes.buffer, bytes.byteOffset, shape[0] * shape[1]);
  return new EmbeddingTable({ format, shape, codes, scales: null }, release);
}

function storedLinear(expected: ReadonlyMap<string, readonly number[]>, path: string): StoredLinear {
  const [outFeatures, inFeatures] = expected.get(`${path}.weight`)!;
  const bias = `${path}.bias`;
  return {
    path,
    weight: `${path}.weight`,
    bias: expected.has(bias) ? bias : null,
    shape: [outFeatures, inFeatures],
  };
}

/**
 * Loads a Hugging Face model folder (`config.json`, safetensors) into the engine that has been started.
 *
 * @throws ModelConfigError, CheckpointError
 */
export async function loadModel(folder: string, options: LoadModelOptions = {}): Promise<LanguageModel> {
  const config = await readModelConfig(folder);
  // Files are little-endian, and so is what the kernels are built for.
  const checkpoint = await openCheckpoint(folder, { memory: kernelsInUse() });
  const { readLinear = readDenseLinear, onProgress, onWarning } = options;
  const made: { dispose(): unknown }[] = [];
  const own = <Part extends { dispose(): unknown }>(part: Part): Part => {
    made.push(part);
    return part;
  };
  try {
    const { unused } = checkTensors(config, checkpoint);
    if (unused.length > 0)
      onWarning?.(`${folder}: ${unused.length} tensors are not used (${unused.slice(0, 3).join(", ")} …)`);

    const total = config.layerCount * layerLinearNames.length + 2;
    let done = 0;
    const step = <Part>(part: Part): Part => {
      onProgress?.(++done, total);
      return part;
    };
    const vector = async (name: string): Promise<tf.Tensor1D> =>
      own(tf.keep(tf.tensor1d(await checkpoint.readFloat32(name))));

    const expected = expectedTensors(config);
    const tableShape = [config.vocabularySize, config.hiddenSize] as const;
    const stored: StoredLinear = config.tieWordEmbeddings
      ? { path: HEAD_PATH, weight: EMBEDDING, bias: null, shape: tableShape }
      : storedLinear(expected, HEAD_PATH);
    const head = step(own(await readLinear(checkpoint, stored)));
    // One table where embedding and head are tied, unless only `forward` knows what the head multiplies with.
    const shared = config.tieWordEmbeddings ? head.terms?.() : null;
    const embedding = step(
      shared ? new EmbeddingTable(shared.weight) : own(await readEmbedding(checkpoint, tableShape)),
    );
    const layers: DecoderLayer[] = [];
    for (let layer = 0; layer < config.layerCount; layer++) {
      const prefix = `model.layers.${layer}`;
      const linears: Partial<Record<LayerLinearName, Linear>> = {};
      for (const name of layerLinearNames) {
        const stored = storedLinear(expected, linearPath(layer, name));
        linears[name] = step(own(await readLinear(checkpoint, stored)));
      }
      layers.push({
        linears: linears as Record<LayerLinearName, Linear>,
        inputNorm: await vector(`${prefix}.input_layernorm.weight`),
        postAttentionNorm: await vector(`${prefix}.post_attention_layernorm.weight`),
        queryNorm: config.queryKeyNorm ? await vector(`${prefix}.self_attn.q_norm.weight`) : null,
        keyNorm: config.queryKeyNorm ? await vector(`${prefix}.self_attn.k_norm.weight`) : null,
      });
    }
    const finalNorm = await vector("model.norm.weight");
    return new LanguageModel(config, { embedding, layers, finalNorm, head });
  } catch (error) {
    for (const part of made) part.dispose();
    throw error;
  } finally {
    await checkpoint.close();
  }
}
