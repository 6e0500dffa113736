import { phrase } from "@lathe/files";
import { saveDatasets, type SaveDatasetsOptions } from "@lathe/data";
import { saveDatasetsOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Writes the token files of a prepared folder as Hugging Face datasets saves them: in Python, datasets.load_from_disk(DIR) maps them into memory. Nothing is overwritten.",
  examples: ["lathe data export prepared --output prepared-hf"],
  options: saveDatasetsOptions,
  positional: "folder",
  async run({ output }, { recipeOptions }) {
    const splits = await saveDatasets(recipeOptions<SaveDatasetsOptions>());
    return {
      json: { output, splits },
      text: [
        {
          head: [phrase`split`, phrase`rows`, phrase`tokens`, phrase`shards`],
          rows: splits.map(({ split, rows, tokens, shards }) => [split, rows, tokens, shards]),
        },
      ],
    };
  },
});
