import { join } from "node:path";
import type { LanguageModel } from "@lathe/model";
import { restoreAdapter, saveAdapter } from "@lathe/peft";
import type { StatePart } from "@lathe/train";

const FOLDER = "adapter";

/** Checkpoints hold the adapter as PEFT does, so that any of them can be used as it is. @param files beside the adapter */
export function adapterFiles(
  model: LanguageModel,
  baseModel: string,
  files: ReadonlyMap<string, string>,
): StatePart {
  return {
    save: (folder) => saveAdapter(model, join(folder, FOLDER), { baseModel, files }),
    load: (folder) => restoreAdapter(model, join(folder, FOLDER)),
  };
}
