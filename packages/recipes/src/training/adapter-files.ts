import { join } from "node:path";
import type { LanguageModel } from "@lathe/model";
import {
  DEFAULT_ADAPTER,
  detach,
  loadAdapter,
  saveAdapter,
  setActive,
  trainableParameters,
} from "@lathe/peft";
import type { StatePart } from "@lathe/train";

const FOLDER = "adapter";
const STORED = "stored";

/** Checkpoints hold the adapter as PEFT does, so that any of them can be used as it is. */
export function adapterFiles(model: LanguageModel, baseModel: string): StatePart {
  return {
    save: (folder) => saveAdapter(model, join(folder, FOLDER), { baseModel }),
    async load(folder) {
      const variables = new Map(trainableParameters(model).map(({ name, variable }) => [name, variable]));
      await loadAdapter(model, join(folder, FOLDER), { name: STORED });
      try {
        // The optimiser knows the variables, so they take over the values.
        for (const { name, variable } of trainableParameters(model, STORED))
          variables.get(name)!.assign(variable);
      } finally {
        detach(model, STORED);
        setActive(model, DEFAULT_ADAPTER);
      }
    },
  };
}
