import { join } from "node:path";
import type { LanguageModel } from "@lathe/model";
import { restoreAdapter, saveAdapter } from "@lathe/peft";
import type { StatePart } from "@lathe/train";

const FOLDER = "adapter";

/** Checkpoints hold the adapter as PEFT does, so that any of them can be used as it is. */
export function adapterFiles(model: LanguageModel, baseModel: string): StatePart {
  return {
    save: (folder) => saveAdapter(model, join(folder, FOLDER), { baseModel }),
    load: (folder) => restoreAdapter(model, join(folder, FOLDER)),
  };
}
