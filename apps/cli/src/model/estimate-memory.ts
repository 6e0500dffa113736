import { type Checkpoint, dtypeSizes, expectedTensors, type ModelConfig } from "@lathe/model";
import { estimateParameters, linearPlaces } from "@lathe/peft";
import { packedBytes, packedFormats, type WeightFormat } from "@lathe/quant";

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head";
const FLOAT_BYTES = 4;

/** Weights, their gradients and the two moments of AdamW, all in float32. */
const COPIES_IN_TRAINING = 4;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Parameters that a model's config implies. */
export function parameterCount(config: ModelConfig): number {
  return [...expectedTensors(config).values()].map(sizeOf).reduce((sum, size) => sum + size, 0);
}

/**
 * Bytes that the weights of a model take when its linears are held in a format. The embedding stays as it is stored; a
 * tied head is a matrix of its own beside it. Activations and caches come on top.
 */
export function weightBytes(config: ModelConfig, checkpoint: Checkpoint, format: WeightFormat): number {
  const packed = format === "none" ? null : packedFormats[format];
  const embedding = [config.vocabularySize, config.hiddenSize];
  const storedBytes = dtypeSizes[checkpoint.info(EMBEDDING).dtype];
  const linears = linearPlaces(config);
  const ofLinears = linears.map(({ path, shape }) => {
    if (packed === null) return sizeOf(shape) * FLOAT_BYTES;
    if (packed.leavesHead && path === HEAD) return sizeOf(shape) * storedBytes;
    return packedBytes({ format: packed.name, shape });
  });
  const matrices = linears.map(({ shape }) => sizeOf(shape)).reduce((sum, size) => sum + size, 0);
  const isHeadStored = !config.tieWordEmbeddings;
  // Norms and biases.
  const others =
    parameterCount(config) - sizeOf(embedding) - (matrices - (isHeadStored ? 0 : sizeOf(embedding)));
  return (
    ofLinears.reduce((sum, bytes) => sum + bytes, 0) + sizeOf(embedding) * storedBytes + others * FLOAT_BYTES
  );
}

/** Bytes that an adapter with the default options takes while it is trained. */
export function adapterBytes(config: ModelConfig): number {
  return estimateParameters(config).trainable * FLOAT_BYTES * COPIES_IN_TRAINING;
}
