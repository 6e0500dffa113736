import { lstat } from "node:fs/promises";
import { checkWritable, type OnWarning, recoverPlace } from "@lathe/files";
import {
  openWeights,
  readModelConfig,
  rewriteWeights,
  type RewrittenDtype,
  rewrittenDtypes,
  type StoredWeights,
} from "@lathe/model";
import { readAdapter } from "./adapter-folder.js";
import { AdapterFileError } from "./errors.js";
import { mergedTensors } from "./merged-tensors.js";

/** Types in which merged weights can be written. */
export const mergedDtypes = rewrittenDtypes;

/** Element type of merged weights. */
export type MergedDtype = RewrittenDtype;

/** What {@link mergeIntoWeights} reads and writes. */
export interface MergeIntoWeightsOptions {
  /** Folder of the base model, as Hugging Face models are. */
  readonly model: string;
  /** Folder of the adapter. */
  readonly adapter: string;
  /** Folder to make; must not exist. */
  readonly output: string;
  /** Type of all floating-point weights. @defaultValue each tensor keeps its own */
  readonly dtype?: MergedDtype;
  /** Texts of further files of the folder by name, in place of the base's own. @defaultValue none */
  readonly files?: ReadonlyMap<string, string> | undefined;
  /** Opens the weights of the base, such as those that packed ones stand for. @defaultValue openWeights */
  readonly open?: (folder: string) => Promise<StoredWeights>;
  /** Tensors written so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Parts of the adapter's config that have no effect in this model. */
  readonly onWarning?: OnWarning;
}

/** What {@link mergeIntoWeights} did. */
export interface MergedWeights {
  /** Tensors that the adapter changed. */
  readonly changed: number;
  /** Tensors written. */
  readonly tensors: number;
  /** Bytes of their data. */
  readonly bytes: number;
}

/**
 * Merges an adapter into the weights of a model folder and writes the result as a new model folder, tensor by tensor, so
 * that only the largest one has to fit into memory. Files, their tensors and types stay as in the base; configs and
 * tokenizer files are copied. The new folder appears as a whole or not at all.
 *
 * An adapter on the output head of a model with tied embeddings, and one that has trained head or embedding as a whole, makes the
 * head a tensor of its own, as the embedding is not changed with it.
 *
 * @throws AdapterFileError, WeightsError, ModelConfigError; AdapterFileError too if `output` exists
 */
export async function mergeIntoWeights(options: MergeIntoWeightsOptions): Promise<MergedWeights> {
  const { model, adapter, output, dtype, files, open = openWeights, onProgress, onWarning } = options;
  const check = async (): Promise<void> => {
    if ((await lstat(output).catch(() => null)) !== null) {
      throw new AdapterFileError({
        path: output,
        expected: "the name of a folder to make",
        actual: "one that exists",
        remedy: "nothing is overwritten; choose another name",
      });
    }
  };
  await recoverPlace(output);
  await check();
  await checkWritable(output);
  const config = await readModelConfig(model);
  const stored = await readAdapter(adapter, config, onWarning);
  const weights = await open(model);
  try {
    const { tensors, changed, unties } = mergedTensors(weights, config, stored);
    const bytes = await rewriteWeights({
      model,
      weights,
      tensors: tensors.map(({ source, name, isChanged, read }) =>
        isChanged ? { source, name, change: () => read() } : { source, name },
      ),
      output,
      check,
      dtype,
      unties,
      files,
      called: "merged weights",
      onProgress,
    });
    return { changed, tensors: tensors.length, bytes };
  } finally {
    await weights.close();
  }
}
