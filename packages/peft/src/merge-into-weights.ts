import { lstat } from "node:fs/promises";
import { ZeroMask } from "@lathe/kernels";
import { checkWritable, recoverPlace, phrase } from "@lathe/files";
import {
  floatTypes,
  headPlace,
  type LinearPlace,
  openWeights,
  readModelConfig,
  rewriteWeights,
  type RewrittenDtype,
  rewrittenDtypes,
  type RewrittenTensor,
  type StoredWeights,
} from "@lathe/model";
import { readAdapter, type StoredAdapter } from "./adapter-folder.js";
import { AdapterFileError } from "./errors.js";
import { mergeIntoWeight } from "./merged-weight.js";
import { wholeTensors } from "./whole-tensors.js";

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
  /** Tensors written so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Parts of the adapter's config that have no effect in this model. */
  readonly onWarning?: (message: string) => void;
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
  const { model, adapter, output, dtype, onProgress, onWarning } = options;
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
  const weights = await openWeights(model);
  try {
    const head = headPlace(config);
    const whole = new Map(
      wholeTensors(config, stored).map(({ name, storedName }) => [name, stored.whole.get(storedName)!]),
    );
    // The head and the embedding part where one of them is changed without the other.
    const isChanged =
      stored.matrices.has(head.path) || whole.has(`${head.path}.weight`) || whole.has(head.weight);
    const unties = config.tieWordEmbeddings && isChanged;
    const tensors = plannedTensors(weights, stored, whole, unties ? head : null);
    const bytes = await rewriteWeights({
      model,
      weights,
      tensors,
      output,
      check,
      dtype,
      unties,
      called: "merged weights",
      onProgress,
    });
    return { changed: stored.targets.length + whole.size, tensors: tensors.length, bytes };
  } finally {
    await weights.close();
  }
}

/**
 * The tensors to write.
 * @param whole values of tensors that the adapter has trained as a whole, by name
 * @param untied a tied head that becomes a tensor of its own
 * @throws AdapterFileError when a weight that is to be changed is packed or of another shape
 */
function plannedTensors(
  weights: StoredWeights,
  stored: StoredAdapter,
  whole: ReadonlyMap<string, Float32Array>,
  untied: LinearPlace | null,
): RewrittenTensor[] {
  const headWeight = untied && `${untied.path}.weight`;
  const targets = new Map(stored.targets.map((target) => [`${target.path}.weight`, target]));
  const planned = (source: string, name: string): RewrittenTensor => {
    const trained = whole.get(name);
    if (trained) return { source, name, change: () => Promise.resolve(trained.slice()) };
    const target = targets.get(name);
    if (!target) return { source, name };
    return {
      source,
      name,
      async change(read) {
        const values = await read();
        const zeros = stored.config.keepSparsity ? ZeroMask.of(values, target.shape) : null;
        mergeIntoWeight(values, target.shape, [{ ...stored.matrices.get(target.path)!, ...target, zeros }]);
        return values;
      },
    };
  };
  // A tied model's head is its embedding: a head that is stored all the same is not used.
  const tensors = weights
    .names()
    .filter((name) => name !== headWeight)
    .map((name) => planned(name, name));
  if (untied && headWeight) tensors.push(planned(untied.weight, headWeight));
  for (const { source, name, change } of tensors) {
    if (!change || targets.has(name) || floatTypes.includes(weights.info(source).dtype)) continue;
    throw new AdapterFileError({
      path: weights.pathOf(source),
      tensor: source,
      expected: phrase`a tensor of ${floatTypes.join(", ")}, which the adapter has trained as a whole`,
      actual: weights.info(source).dtype,
      remedy: "merge into the model before it is quantised",
    });
  }
  for (const [weight, { shape, path }] of targets) {
    const source = untied && weight === headWeight ? untied.weight : weight;
    const info = weights.info(source);
    if (
      !floatTypes.includes(info.dtype) ||
      info.shape.length !== 2 ||
      shape.some((size, i) => size !== info.shape[i])
    ) {
      throw new AdapterFileError({
        path: weights.pathOf(source),
        tensor: source,
        expected: phrase`a weight of ${floatTypes.join(", ")} with shape [${shape.join(", ")}] for the adapter on ${path}`,
        actual: `${info.dtype} [${info.shape.join(", ")}]`,
        remedy: "merge into the model before it is quantised",
      });
    }
  }
  return tensors;
}
