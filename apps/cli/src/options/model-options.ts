import { option } from "@lathe/command";
import { z } from "zod";
import { adapterPath, modelPath, rowsPath } from "./path-details.js";

/** Enough rows to keep the products large, few enough for a small memory. */
const TOKENS_PER_BATCH = 2048;

/** The folder of a base model. */
export const modelOption = (): z.ZodString =>
  option(z.string().min(1), "model folder: config.json, safetensors, tokenizer", modelPath);

/** The folder of an adapter to put on it. */
export const adapterOption = (): z.ZodOptional<z.ZodString> =>
  option(z.string().min(1).optional(), "adapter folder to put on the model", adapterPath);

/** A file of rows. */
export const dataOption = (description: string): z.ZodString =>
  option(z.string().min(1), description, rowsPath());

/** How much is computed at one time. */
export const tokensPerBatchOption = (): z.ZodDefault<z.ZodInt> =>
  option(z.int().min(1).default(TOKENS_PER_BATCH), "computed at one time; a longer row is computed alone", {
    unit: "tokens",
  });
