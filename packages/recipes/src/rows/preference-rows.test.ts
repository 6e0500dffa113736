import { expect, it } from "vitest";
import type { ModelFolder } from "../model/model-folder.js";
import { readJudgements, readPairs } from "./preference-rows.js";

/** A model folder without a tokenizer, of which reading token ids asks for the config alone. */
const folder = {
  config: { vocabularySize: 10, maxPositions: 16 },
  tokenizer: null,
} as unknown as ModelFolder;

it.each([
  [readPairs, { prompt_ids: [1], chosen_ids: [2], rejected_ids: [3] }],
  [readJudgements, { prompt_ids: [1], completion_ids: [2], label: true }],
] as const)(
  "ids outside the vocabulary are refused by the key that the row has them under",
  async (read, row) => {
    for (const key of Object.keys(row).filter((name) => name.endsWith("_ids"))) {
      const rows = [{ ...row, [key]: [1, 10] }];
      await expect(read(rows, folder, { field: "data", rejectLimit: 0, maxTokens: 16 })).rejects.toThrow(
        `key "${key}": expected token ids below 10, the model's vocabulary, got 10`,
      );
    }
  },
);
