import { phrase } from "@lathe/files";
import type { FinetuneOptions } from "../finetune-options.js";
import { field, RecipeError } from "../recipe-error.js";
import { streamFaults } from "../training/stream-faults.js";
import type { TrainingMethod } from "../training/training-method.js";
import type { PlannedStep, StreamedStepPlan } from "./plan-step.js";

/** A run for which it is to be chosen where its weights lie. */
interface RunToChoose {
  readonly options: FinetuneOptions;
  readonly method: TrainingMethod;
}

/**
 * The plan of a run whose weights stay on disk, where that is asked for, or memory does not hold them and the run can do so; else null.
 * @throws RecipeError where it is asked for and the run cannot, or `memory` is too little even so
 */
export async function chooseStream(
  { options, method }: RunToChoose,
  planned: PlannedStep,
): Promise<StreamedStepPlan | null> {
  const { stream = false, quantize = "none", memory } = options;
  if (!stream && planned.memory.fits) return null;
  // What an adapter is that the run begins with is known only now.
  const faults = streamFaults({ ...options, method: method.name }, method.plan.lora);
  if (faults.length > 0) {
    if (stream) throw new RecipeError(faults);
    return null;
  }
  const plan = await planned.streamed(null);
  const fits = plan.fits && plan.quantize === quantize;
  if (stream && !fits && memory !== undefined) {
    const least = (Math.ceil(plan.residentBytes / 1e7) / 100).toFixed(2);
    const given = (plan.budgetBytes / 1e9).toFixed(2);
    const sentence = phrase`${field("memory")}: expected at least ${least}GB for two layers of this model, its embedding and head, in ${plan.quantize} weights, got ${given}GB: give more, or shorter rows and fewer of them a step`;
    throw new RecipeError([{ field: "memory", sentence }]);
  }
  return stream || fits ? plan : null;
}

/** The plan of a step in memory as that of a step whose weights stay on disk. */
export function streamedStep(planned: PlannedStep, plan: StreamedStepPlan): PlannedStep {
  const { layerCount } = planned.memory;
  return {
    ...planned,
    memory: {
      ...planned.memory,
      checkpointing: "block",
      recomputedLayers: layerCount,
      expectedBytes: plan.residentBytes,
      budgetBytes: plan.budgetBytes,
      fits: plan.fits,
    },
    seconds: () => plan.secondsComputing + plan.secondsWidening,
    bytesOf: () => Promise.resolve(plan.residentBytes),
  };
}
