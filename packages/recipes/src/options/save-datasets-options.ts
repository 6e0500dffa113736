import { option } from "@lathe/files";
import { z } from "zod";

/** What `saveDatasets` is asked for. */
export const saveDatasetsOptions = z.object({
  folder: option(z.string().min(1), "folder that lathe prepare wrote with a model", { placeholder: "dir" }),
  output: option(z.string().min(1), "folder to write", { placeholder: "dir" }),
  shardTokens: option(z.int().min(1).optional(), "tokens of a shard at most, at eight bytes each", {
    placeholder: "tokens",
  }),
});
