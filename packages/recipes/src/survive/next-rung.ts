import type { FinetuneOptions } from "../finetune-options.js";
import { smallerBatches } from "../memory/smaller-batches.js";
import type { RunSettings } from "../training/run-settings.js";

/** What a run is changed to, so that it takes less memory, and the same by paths of fields. */
export interface Rung {
  readonly options: Pick<FinetuneOptions, "checkpointing" | "quantize" | "train">;
  readonly settings: Readonly<Record<string, string | number>>;
}

/**
 * The next remedy for a run that goes on, the cheapest first: all layers computed again, then smaller micro-batches down to one
 * row or a few tokens, with as many more of them, then base weights in nf4 under an adapter. A smaller rank and shorter rows would be another run.
 *
 * @param settings of the run's `config.json`, with the policy of checkpointing that was in force
 * @returns null where nothing is left
 */
export function nextRung(settings: RunSettings): Rung | null {
  if (settings["checkpointing"] !== "block")
    return rungOf({ checkpointing: "block" }, { checkpointing: "block" });
  const count = (key: string): number => Number(settings[key] ?? 0);
  const train = smallerBatches({
    batchSize: count("batchSize"),
    maxTokensPerBatch: count("maxTokensPerBatch"),
    gradientAccumulation: count("gradientAccumulation"),
  });
  if (train !== null) {
    const fields = Object.entries(train).map(([key, value]) => [`train.${key}`, value]);
    return rungOf({ checkpointing: "block", train }, Object.fromEntries(fields) as Rung["settings"]);
  }
  if (settings["method"] !== "lora" || settings["quantize"] !== "none") return null;
  return rungOf({ checkpointing: "block", quantize: "nf4" }, { quantize: "nf4" });
}

const rungOf = (options: Rung["options"], settings: Rung["settings"]): Rung => ({ options, settings });
