import { UsageError } from "@lathe/command";
import { type CheckpointingPlan, type ModelConfig, planCheckpointing } from "@lathe/model";
import type { ParameterTable } from "@lathe/peft";
import type { Precision } from "@lathe/tensor";
import { availableBytes } from "@lathe/train";
import { trainingBytes } from "../model/estimate-memory.js";

/** The process itself: Node, its code, TensorFlow.js and what products work in. */
const PROCESS_BYTES = 250e6;

/** What a training step is made of. */
export interface StepSize {
  readonly config: ModelConfig;
  /** Bytes of the base model's weights in memory. */
  readonly weightBytes: number;
  readonly parameters: Pick<ParameterTable, "trainable" | "groups">;
  readonly rank: number;
  readonly precision: Precision;
  /** Of the largest micro-batch. */
  readonly tokens: number;
  readonly labels: number;
}

/** Which layers are computed again, and what the process is expected to take. */
export interface CheckpointingChoice extends Pick<CheckpointingPlan, "checkpointing" | "recomputedLayers"> {
  /** At the worst moment of a step. */
  readonly expectedBytes: number;
  readonly budgetBytes: number;
}

/**
 * The fastest policy that fits a budget: as few layers as possible are computed again.
 * @param given `--memory` in bytes, null for what is free
 * @param deviceBytes memory of the card that the engine computes on, if it does
 * @throws UsageError when a given budget is too small however many layers are computed again
 */
export async function chooseCheckpointing(
  step: StepSize,
  given: number | null,
  deviceBytes: number | null = null,
): Promise<CheckpointingChoice> {
  const { config, parameters, weightBytes, rank, precision, tokens, labels } = step;
  const adapted = new Set(parameters.groups.map(({ name }) => name));
  const fixed = PROCESS_BYTES + weightBytes + trainingBytes(parameters.trainable);
  const budgetBytes = given ?? deviceBytes ?? (await availableBytes());
  const plan = { tokens, labels, precision, adapted, rank };
  const { checkpointing, recomputedLayers, bytes, fits } = planCheckpointing(
    config,
    plan,
    budgetBytes - fixed,
  );
  const expectedBytes = fixed + bytes;
  if (!fits && given !== null) {
    const least = (Math.ceil(expectedBytes / 1e7) / 100).toFixed(2);
    throw new UsageError(
      [
        `--memory: expected at least ${least}GB for this model and micro-batches of up to ${tokens} tokens, with as many layers computed again as help, got ${(given / 1e9).toFixed(2)}GB; use a smaller --batch-size, shorter rows (--max-tokens) or packed weights (--quantize nf4)`,
      ],
      "train",
    );
  }
  return { checkpointing, recomputedLayers, expectedBytes, budgetBytes };
}
