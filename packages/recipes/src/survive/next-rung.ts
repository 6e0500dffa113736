import type { FinetuneOptions } from "../finetune-options.js";
import { divisorBelow } from "../memory/plan-remedies.js";
import type { RunSettings } from "../training/run-settings.js";

/** What a run is changed to, so that it takes less memory, and the same by paths of fields. */
export interface Rung {
  readonly options: Pick<FinetuneOptions, "checkpointing" | "quantize" | "train">;
  readonly settings: Readonly<Record<string, string | number>>;
}

/**
 * The next remedy for a run that goes on, the cheapest first: all layers computed again, then smaller micro-batches down to one
 * row, with as many more of them, then base weights in nf4 under an adapter. A smaller rank and shorter rows would be another run.
 *
 * @param settings of the run's `config.json`, with the policy of checkpointing that was in force
 * @returns null where nothing is left
 */
export function nextRung(settings: RunSettings): Rung | null {
  if (settings["checkpointing"] !== "block")
    return rungOf({ checkpointing: "block" }, { checkpointing: "block" });
  const [batchSize, gradientAccumulation] = [settings["batchSize"], settings["gradientAccumulation"]].map(
    Number,
  );
  const smaller = divisorBelow(batchSize);
  if (smaller !== null) {
    const train = { batchSize: smaller, gradientAccumulation: (gradientAccumulation * batchSize) / smaller };
    return rungOf(
      { checkpointing: "block", train },
      { "train.batchSize": train.batchSize, "train.gradientAccumulation": train.gradientAccumulation },
    );
  }
  if (settings["method"] !== "lora" || settings["quantize"] !== "none") return null;
  return rungOf({ checkpointing: "block", quantize: "nf4" }, { quantize: "nf4" });
}

const rungOf = (options: Rung["options"], settings: Rung["settings"]): Rung => ({ options, settings });
