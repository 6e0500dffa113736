import { formatTable, option } from "@lathe/command";
import { saveDatasets, type SaveDatasetsOptions } from "@lathe/data";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";

const options = z.object({
  folder: option(z.string().min(1), "folder that lathe prepare wrote with a model", { placeholder: "dir" }),
  output: option(z.string().min(1), "folder to write", { placeholder: "dir" }),
  shardTokens: option(z.int().min(1).optional(), "tokens of a shard at most, at eight bytes each", {
    placeholder: "tokens",
  }),
});

export const verb = defineVerb({
  description:
    "Writes the token files of a prepared folder as Hugging Face datasets saves them: in Python, datasets.load_from_disk(DIR) maps them into memory. Nothing is overwritten.",
  examples: ["lathe data export prepared --output prepared-hf"],
  options,
  positional: "folder",
  async run({ output }, { messages: { words }, recipeOptions }) {
    const splits = await saveDatasets(recipeOptions<SaveDatasetsOptions>());
    return {
      json: { output, splits },
      text: formatTable(
        [words.split, words.rows, words.tokens, words.shards],
        splits.map(({ split, rows, tokens, shards }) => [split, rows, tokens, shards]),
      ),
    };
  },
});
