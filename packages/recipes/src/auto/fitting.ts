import { folderFormat, type WeightFormat } from "@lathe/quant";
import type { Engine } from "@lathe/tensor";
import { largestMicroBatch, resolveTrainConfig, type RowSizes } from "@lathe/train";
import { planMemory } from "../memory/plan-memory.js";
import type { ModelFolder } from "../model/model-folder.js";
import { type Candidate, candidateOptions } from "./candidate.js";

/** What memory is planned for. */
export interface Fitting {
  readonly folder: ModelFolder;
  readonly engine: Engine;
  /** Of the rows that are learnt. */
  readonly sizes: RowSizes;
  readonly quantize: WeightFormat;
  readonly memory: number | string | undefined;
}

/**
 * The most rows at a time with which a candidate fits the memory, its rows a step or a fraction of them; null where none does.
 * The weights themselves cannot be trained while they are packed.
 */
export async function fittingBatch(
  candidate: Candidate,
  { folder, engine, sizes, quantize, memory }: Fitting,
): Promise<number | null> {
  const { method, stepRows } = candidate;
  const isPacked = quantize !== "none" || (await folderFormat(folder.path)) !== null;
  if (method === "full" && isPacked) return null;
  for (let batchSize = stepRows; batchSize >= 1; batchSize = Math.floor(batchSize / 2)) {
    const { lora, train } = candidateOptions(candidate, { batchSize, maxSteps: 1, seed: 0 });
    const plan = await planMemory({
      model: folder.path,
      engine,
      quantize,
      memory,
      lora,
      ...(method === "full" ? { trainable: [""] } : {}),
      gradientAccumulation: train?.gradientAccumulation,
      // Of an epoch: a single step would know a few rows only.
      ...largestMicroBatch(sizes, resolveTrainConfig({ ...train, maxSteps: 0, epochs: 1 })),
    });
    if (plan.fits) return batchSize;
  }
  return null;
}

/** Formats of the frozen weights, the most exact first. */
const formats: readonly WeightFormat[] = ["none", "int8", "nf4"];

/** The first format under which a candidate fits the memory; null where it fits under none. */
export async function fittingFormat(
  candidate: Candidate,
  fitting: Omit<Fitting, "quantize">,
): Promise<WeightFormat | null> {
  const isPacked = (await folderFormat(fitting.folder.path)) !== null;
  for (const quantize of isPacked ? formats.slice(0, 1) : formats) {
    if ((await fittingBatch(candidate, { ...fitting, quantize })) !== null) return quantize;
  }
  return null;
}
