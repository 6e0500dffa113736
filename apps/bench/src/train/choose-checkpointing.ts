import {
  activationBytes,
  fewestRecomputedLayers,
  type LanguageModel,
  type LayerLinearName,
} from "@lathe/model";
import { countScored, type TrainingRow } from "@lathe/train";
import { availableBytes } from "../shared/available-bytes.js";

/** Memory in pieces that are too small to be used again. */
const SLACK = 1.08;

/** Gradients and the two moments of AdamW, in float32. */
const BYTES_PER_PARAMETER = 3 * 4;

/** What a training step is made of. */
export interface StepPlan {
  readonly model: LanguageModel;
  /** Resident size with the model in it. */
  readonly residentBytes: number;
  readonly trainableParameters: number;
  readonly targets: readonly string[];
  readonly rank: number;
  readonly precision: string;
  readonly batches: readonly (readonly TrainingRow[])[];
}

/**
 * The policy that computes as few layers again as a budget asks for.
 * @param budget of the whole process, in bytes; what the machine has left if there is none
 */
export async function chooseCheckpointing(
  plan: StepPlan,
  budget: number | null,
): Promise<LanguageModel["checkpointing"]> {
  const { config } = plan.model;
  const sum = (batch: readonly TrainingRow[], of: (row: TrainingRow) => number): number =>
    batch.reduce((total, row) => total + of(row), 0);
  const activations = {
    tokens: Math.max(...plan.batches.map((batch) => sum(batch, ({ inputIds }) => inputIds.length))),
    labels: Math.max(...plan.batches.map((batch) => sum(batch, countScored))),
    keptBytes: plan.precision === "fp32" || plan.precision === "fp16" ? (4 as const) : (2 as const),
    adapted: new Set(plan.targets as readonly LayerLinearName[]),
    rank: plan.rank,
  };
  const fixed = plan.residentBytes + plan.trainableParameters * BYTES_PER_PARAMETER;
  const room = ((budget ?? (await availableBytes())) - fixed) / SLACK;
  const layers = fewestRecomputedLayers(config, activations, room) ?? config.layerCount;
  if (layers === config.layerCount && activationBytes(config, activations, layers) > room) {
    console.error("The step may take more memory than that, even with every layer computed again.");
  }
  return layers === 0 ? "none" : layers === config.layerCount ? "block" : layers;
}
