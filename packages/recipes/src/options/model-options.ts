import { option, type Phrase } from "@lathe/files";
import { z } from "zod";
import { adapterPath, modelPath, rowsPath } from "./path-options.js";

/** Enough rows to keep the products large, few enough for a small memory. */
const TOKENS_PER_BATCH = 2048;

/** The folder of a base model. */
export const modelOption = (): z.ZodString =>
  option(z.string().min(1), "model folder: config.json, safetensors, tokenizer", modelPath);

/** The folder of an adapter to put on it. */
export const adapterOption = (): z.ZodOptional<z.ZodString> =>
  option(z.string().min(1).optional(), "adapter folder to put on the model", adapterPath);

/** Where the weights of a model lie that replies. */
export const streamOption = (): z.ZodDefault<z.ZodBoolean> =>
  option(
    z.boolean().default(false),
    "leave the weights on disk and read one layer after the other for every token, of experts those that are chosen: for a model larger than memory, slow for few replies at a time",
  );

/** Rows: a file, a folder of files or a pattern. */
export const dataOption = (description: string | Phrase): z.ZodString =>
  option(z.string().min(1), description, rowsPath());

/** How much is computed at one time. */
export const tokensPerBatchOption = (): z.ZodDefault<z.ZodInt> =>
  option(z.int().min(1).default(TOKENS_PER_BATCH), "computed at one time; a longer row is computed alone", {
    unit: "tokens",
  });
