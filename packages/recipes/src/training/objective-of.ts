import type { TrainConfig } from "@lathe/train";
import type { FinetuneOptions } from "../finetune-options.js";
import type { RowsInput } from "../rows/rows-input.js";
import { judgements, pairs } from "./preference.js";
import { sft } from "./sft.js";
import { prepareObjective, type PreparedObjective, type ReadOption } from "./training-objective.js";

/** The objective that options ask for, with its rows. */
export async function objectiveOf(
  options: FinetuneOptions & { readonly data: RowsInput },
  config: TrainConfig,
  read: ReadOption,
): Promise<PreparedObjective> {
  const { objective = "sft" } = options;
  switch (objective) {
    case "sft":
      return await prepareObjective(sft(options.loss), options, config, read);
    case "kto":
      return await prepareObjective(judgements(options), options, config, read);
    default:
      return await prepareObjective(pairs(objective, options), options, config, read);
  }
}
