import { lstat } from "node:fs/promises";
import { checkWritable, type OnWarning, recoverPlace } from "@lathe/files";
import { checkTensors, type ModelConfig, readModelConfig, loadTokenizer, type Tokenizer } from "@lathe/model";
import { mergedTensors, type MergedTensor, readAdapter } from "@lathe/peft";
import { type WeightFormat, widenedWeights } from "@lathe/quant";
import { ExportError } from "../errors.js";

/** What is exported, and from where. */
export interface ExportSource {
  /** Model folder, as Hugging Face models are; its weights may be packed. */
  readonly model: string;
  /** Folder of an adapter to merge into it. */
  readonly adapter?: string | undefined;
  /**
   * What the base was packed in while the adapter was trained over it: the merge is then onto what the packed weights stand for.
   * Needs an engine. @defaultValue "none", onto the weights of the folder
   */
  readonly quantize?: WeightFormat | undefined;
  /** Hears of what is allowed and hardly meant, and of what the other format cannot say. */
  readonly onWarning?: OnWarning | undefined;
  /** Tensors written so far, of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A model with its adapter merged, open for reading. */
export interface OpenedSource {
  readonly config: ModelConfig;
  /** Null where the folder has none. */
  readonly tokenizer: Tokenizer | null;
  /** By the names that safetensors have; a tied head has no tensor of its own. */
  readonly tensors: ReadonlyMap<string, MergedTensor>;
  /** Whether the output head is the embedding. */
  readonly isTied: boolean;
  /** Closes the files. */
  close(): Promise<void>;
}

/**
 * Opens a model, with an adapter merged into it where one is named: tensors are made as they are read, a few rows at a time.
 * @throws ModelConfigError, WeightsError, TokenizerError, AdapterFileError
 */
export async function openSource(source: ExportSource): Promise<OpenedSource> {
  const { model, adapter, quantize, onWarning } = source;
  const config = await readModelConfig(model);
  const tokenizer = await loadTokenizer(model, { onWarning });
  const stored = adapter === undefined ? null : await readAdapter(adapter, config, onWarning);
  const weights = await widenedWeights(model, quantize, onWarning);
  try {
    checkTensors(config, weights);
    const { tensors, unties } = mergedTensors(weights, config, stored);
    return {
      config,
      tokenizer,
      tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
      isTied: config.tieWordEmbeddings && !unties,
      close: () => weights.close(),
    };
  } catch (error) {
    await weights.close();
    throw error;
  }
}

/**
 * Refuses a place where something is or nothing can be written, before the work.
 * @throws ExportError, FileError
 */
export async function checkOutput(output: string): Promise<void> {
  await recoverPlace(output);
  if ((await lstat(output).catch(() => null)) !== null) {
    throw new ExportError({
      path: output,
      expected: "a place where nothing is",
      actual: "one that exists",
      remedy: "nothing is overwritten; choose another name",
    });
  }
  await checkWritable(output);
}
