import { phrase } from "@lathe/files";
import { divisionFault, linearPlaces, shareOf } from "@lathe/model";
import { type LoraConfig, loraDefaults, resolveLoraConfig, selectTargets } from "@lathe/peft";
import { packedFormats } from "@lathe/quant";
import type { FinetuneOptions } from "../finetune-options.js";
import { packedFormatOf } from "../model/packed-format-of.js";
import { expectation, field, type RecipeFault } from "../recipe-error.js";
import { initAdapterConfig } from "./init-adapter.js";
import type { FolderToTrain } from "./training-method.js";

/** What a run cannot do whose ranks have parts of the layers, whatever the model is. */
export function tensorFaults({
  tensorParallel = 1,
  method = "lora",
  stream = false,
  deterministic = false,
  samples = 0,
  lora = {},
  initAdapter,
  model,
}: FinetuneOptions): RecipeFault[] {
  if (!(Number.isSafeInteger(tensorParallel) && tensorParallel >= 1))
    return [expectation("tensorParallel", "a whole number from 1", String(tensorParallel))];
  if (tensorParallel === 1) return [];
  const faults: RecipeFault[] = [];
  const refuse = (path: string, sentence: RecipeFault["sentence"]): void =>
    void faults.push({ field: path, sentence });
  if (method === "full") {
    refuse(
      "tensorParallel",
      phrase`${field("tensorParallel")} shares weights that stay as they are, and ${field("method")} full changes them: give ${field("zeroStage")} 2, which shares what the optimiser remembers, or train an adapter`,
    );
  }
  if (stream) {
    refuse(
      "tensorParallel",
      phrase`${field("tensorParallel")} shares weights in memory, and ${field("stream")} leaves them on disk: leave one of them out`,
    );
  }
  if (deterministic) {
    refuse(
      "tensorParallel",
      phrase`${field("tensorParallel")} adds up within layers, and ${field("deterministic")} asks for the same bits on any number of ranks: leave one of them out`,
    );
  }
  if (samples > 0) {
    refuse(
      "samples",
      phrase`${field("samples")} has one rank answer, and with ${field("tensorParallel")} it has a part of the layers alone: leave one of them out`,
    );
  }
  if (typeof model === "object") {
    refuse(
      "model",
      phrase`${field("tensorParallel")} reads each rank's part of a folder, and this model is open: give ${field("model")} as a folder`,
    );
  }
  faults.push(...(initAdapter === undefined ? adapterFaults(lora) : []));
  return faults;
}

/** What asks for whole weights in an adapter. */
function adapterFaults(lora: Partial<LoraConfig>): RecipeFault[] {
  const asked = {
    useDora: lora.useDora ?? loraDefaults.useDora,
    init: (lora.init ?? loraDefaults.init) !== "kaiming",
    keepSparsity: lora.keepSparsity ?? loraDefaults.keepSparsity,
    bias: (lora.bias ?? loraDefaults.bias) !== "none",
    modulesToSave: (lora.modulesToSave ?? []).length > 0,
  };
  return Object.entries(asked)
    .filter(([, isAsked]) => isAsked)
    .map(([key]) => ({
      field: `lora.${key}`,
      sentence: phrase`${field(`lora.${key}`)} asks for whole weights, and with ${field("tensorParallel")} a rank has a part of them: leave one of them out`,
    }));
}

/** Why ranks cannot share the layers of a model. */
export async function tensorFaultsOfModel(
  options: Pick<FinetuneOptions, "tensorParallel" | "quantize" | "lora" | "initAdapter">,
  folder: FolderToTrain,
): Promise<RecipeFault[]> {
  const { tensorParallel = 1, quantize = "none" } = options;
  const { path, config } = folder;
  if (tensorParallel === 1) return [];
  const fault = divisionFault(config, tensorParallel);
  if (fault) return [{ field: "tensorParallel", sentence: phrase`${field("tensorParallel")}: ${fault}` }];
  const ofAdapter = await faultsOfAdapter(options, folder);
  const format = (await packedFormatOf(path)) ?? quantize;
  if (format === "none" || packedFormats[format].scaling !== "block") return ofAdapter;
  const { blockColumns } = packedFormats[format];
  for (const { shape, division, path: place } of linearPlaces(config)) {
    if (!division || !packedFormats[format].isStorable(shape[1])) continue;
    const width = shareOf({ shape, division }, { rank: 0, size: tensorParallel })!.inputs.end;
    if (width % blockColumns === 0) continue;
    const sentence = phrase`${field("tensorParallel")} ${tensorParallel} gives a rank ${width} inputs of ${place}, and ${format} has a scale for each ${blockColumns}: take fewer ranks, or ${field("quantize")} int8 of the original weights`;
    return [...ofAdapter, { field: "tensorParallel", sentence }];
  }
  return ofAdapter;
}

/** What an adapter asks for that ranks cannot share; what is wrong with it anyway is told elsewhere. */
async function faultsOfAdapter(
  { lora = {}, initAdapter }: Pick<FinetuneOptions, "lora" | "initAdapter">,
  { config }: FolderToTrain,
): Promise<RecipeFault[]> {
  const places = linearPlaces(config);
  try {
    const adapter =
      initAdapter === undefined
        ? resolveLoraConfig(lora)
        : await initAdapterConfig(initAdapter, lora, config);
    const faults = initAdapter === undefined ? [] : adapterFaults(adapter);
    const head = selectTargets(places, adapter).targets.find(({ layer }) => layer === null);
    if (!head || adapter.dropout === 0) return faults;
    // The rows of the head are shared, and what is dropped of them is drawn for all of them.
    const sentence = phrase`${field("lora.dropout")} drops inputs of ${head.name}, whose rows the ranks of ${field("tensorParallel")} share: give 0, or leave ${head.name} out of ${field("lora.targets")}`;
    return [...faults, { field: "lora.dropout", sentence }];
  } catch {
    return [];
  }
}

/** Whether there are as many ranks as the layers are to be shared by. */
export function tensorFaultsOfRanks(tensorParallel: number, ranks: number): RecipeFault[] {
  if (tensorParallel === 1 || ranks % tensorParallel === 0) return [];
  return [
    expectation(
      "tensorParallel",
      phrase`a divisor of the number of ranks, ${ranks}: launch as many`,
      String(tensorParallel),
    ),
  ];
}
