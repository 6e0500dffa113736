import type { LabelledBatch, LabelledRow } from "@lathe/model";
import type { LossSettings } from "@lathe/tensor";
import { labelledSize, resolveLossSettings, supervised } from "@lathe/train";
import { samplePrompt } from "../record/sample-prompt.js";
import { maskReport } from "../rows/mask-report.js";
import { readTrainingRows } from "../rows/training-rows.js";
import type { TrainingObjective } from "./training-objective.js";

/** Supervised fine-tuning on labelled rows. @throws TrainConfigError on a setting that is out of range */
export function sft(loss: Partial<LossSettings> = {}): TrainingObjective<LabelledRow, LabelledBatch> {
  const settings = resolveLossSettings(loss);
  return {
    readRows: readTrainingRows,
    sizeOf: labelledSize,
    samplePrompt,
    maskReport,
    create: (model) => supervised(model, settings),
  };
}
