import { option } from "@lathe/command";
import { z } from "zod";
import { adapterPathFault } from "../paths/adapter-path-fault.js";
import { modelPathFault } from "../paths/model-path-fault.js";
import { rowsPathFault } from "../paths/rows-path-fault.js";
import { modelFromHub, rowsFromHub } from "../paths/from-hub.js";

/** Enough rows to keep the products large, few enough for a small memory. */
const TOKENS_PER_BATCH = 2048;

/** The folder of a base model. */
export const modelOption = (): z.ZodString =>
  option(z.string().min(1), "model folder: config.json, safetensors, tokenizer", {
    placeholder: "dir",
    check: modelPathFault,
    resolve: modelFromHub,
  });

/** The folder of an adapter to put on it. */
export const adapterOption = (): z.ZodOptional<z.ZodString> =>
  option(z.string().min(1).optional(), "adapter folder to put on the model", {
    placeholder: "dir",
    check: adapterPathFault,
    resolve: modelFromHub,
  });

/** A file of rows. */
export const dataOption = (description: string): z.ZodString =>
  option(z.string().min(1), description, { placeholder: "file", check: rowsPathFault, resolve: rowsFromHub });

/** How much is computed at one time. */
export const tokensPerBatchOption = (): z.ZodDefault<z.ZodInt> =>
  option(z.int().min(1).default(TOKENS_PER_BATCH), "computed at one time; a longer row is computed alone", {
    placeholder: "n",
    unit: "tokens",
  });
