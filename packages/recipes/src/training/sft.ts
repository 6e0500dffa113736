import type { LabelledBatch, LabelledRow } from "@lathe/model";
import { largestMicroBatch, supervised } from "@lathe/train";
import { readTrainingRows } from "../rows/training-rows.js";
import type { TrainingObjective } from "./training-objective.js";

/** Supervised fine-tuning on labelled rows. */
export function sft(): TrainingObjective<LabelledRow, LabelledBatch> {
  return { readRows: readTrainingRows, largestMicroBatch, create: (model) => supervised(model) };
}
