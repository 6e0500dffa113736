import { phrase } from "@lathe/files";
import type { FinetuneOptions } from "../finetune-options.js";
import { field, type RecipeFault } from "../recipe-error.js";
import { fullFaults } from "./full-method.js";
import { loraFaults } from "./lora-method.js";
import { tensorFaultsOfModel } from "./tensor-faults.js";
import type { FolderToTrain } from "./training-method.js";

/** Rows are no longer than what the model has positions for. */
function ofPositions({ maxTokens }: FinetuneOptions, { config }: FolderToTrain): RecipeFault[] {
  const { maxPositions } = config;
  if (maxTokens === undefined || maxTokens <= maxPositions) return [];
  const sentence = phrase`${field("maxTokens")}: expected at most the ${maxPositions} positions of the model, got ${maxTokens}; leave it out for as many as there are`;
  return [{ field: "maxTokens", sentence }];
}

/**
 * All that options ask of a model which it does not have, each with its fix, by its config and the headers of its weights.
 *
 * @param known faults that were found without the model: what is built on these fields is not looked at
 * @throws AdapterFileError, WeightsError
 */
export async function faultsOfModel(
  options: FinetuneOptions,
  folder: FolderToTrain,
  known: readonly RecipeFault[],
): Promise<RecipeFault[]> {
  const isFine = (path: string): boolean =>
    known.every(({ field: name }) => !`${name}.`.startsWith(`${path}.`));
  const fine = <Part extends object>(part: Part | undefined, name: string): Part =>
    Object.fromEntries(Object.entries(part ?? {}).filter(([key]) => isFine(`${name}.${key}`))) as Part;
  const { method, initAdapter } = options;
  const ofMethod =
    method === "full"
      ? await fullFaults(fine(options.full, "full"), folder)
      : await loraFaults(
          { lora: fine(options.lora, "lora"), ...(isFine("initAdapter") ? { initAdapter } : {}) },
          folder,
        );
  const ofRanks = isFine("tensorParallel") ? await tensorFaultsOfModel(options, folder) : [];
  return [...ofRanks, ...(isFine("maxTokens") ? ofPositions(options, folder) : []), ...ofMethod];
}
