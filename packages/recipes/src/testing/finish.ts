import { finetune, type FinetuneSummary } from "../finetune.js";
import type { StepReport } from "@lathe/train";
import type { FinetuneOptions } from "../finetune-options.js";

/** Takes a run to its end. */
export async function finish(
  options: FinetuneOptions,
  onStep: (report: StepReport) => unknown = () => undefined,
): Promise<FinetuneSummary> {
  const steps = finetune(options);
  for (let next = await steps.next(); ; next = await steps.next()) {
    if (next.done) return next.value;
    await onStep(next.value);
  }
}
