import { checkTensors, type Dtype, openWeights } from "@lathe/model";
import { packedFormatNames, type WeightFormat } from "@lathe/quant";
import { adapterBytes, parameterCount, weightBytes } from "./memory/weight-bytes.js";
import { readModelFolder } from "./model/model-folder.js";

/** What a model folder holds and how much it takes; sizes are bytes. */
export interface ModelInspection {
  readonly path: string;
  readonly architecture: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly parameters: number;
  /** Types of the stored tensors. */
  readonly dtypes: readonly Dtype[];
  readonly fileBytes: number;
  readonly tensors: number;
  /** Tensors that the architecture has no use for. */
  readonly unusedTensors: number;
  readonly tokenizer: { readonly vocabularySize: number; readonly chatTemplate: boolean } | null;
  /** Of the weights in memory, by the format that they are packed in. */
  readonly weightBytes: Readonly<Record<WeightFormat, number>>;
  /** Of an adapter with the default options, while it is trained. */
  readonly adapterBytes: number;
}

/**
 * Checks a model folder without reading its weights, and says what it is and how much it takes.
 * @throws ModelConfigError, WeightsError, TokenizerError
 */
export async function inspectModel(path: string): Promise<ModelInspection> {
  const { config, tokenizer } = await readModelFolder(path);
  const weights = await openWeights(path);
  try {
    const { unused } = checkTensors(config, weights);
    const names = weights.names();
    const infos = names.map((name) => weights.info(name));
    const formats = ["none", ...packedFormatNames] as const;
    const sizes = formats.map((name) => [name, weightBytes(config, weights, name)] as const);
    return {
      path,
      architecture: config.architecture,
      layers: config.layerCount,
      hiddenSize: config.hiddenSize,
      vocabularySize: config.vocabularySize,
      maxPositions: config.maxPositions,
      parameters: parameterCount(config),
      dtypes: [...new Set(infos.map(({ dtype }) => dtype))].sort(),
      fileBytes: infos.reduce((sum, { byteLength }) => sum + byteLength, 0),
      tensors: names.length,
      unusedTensors: unused.length,
      tokenizer:
        tokenizer === null
          ? null
          : { vocabularySize: tokenizer.vocabularySize, chatTemplate: tokenizer.hasChatTemplate },
      weightBytes: Object.fromEntries(sizes) as Record<WeightFormat, number>,
      adapterBytes: adapterBytes(config),
    };
  } finally {
    await weights.close();
  }
}
