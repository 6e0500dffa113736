import { option, optionGroup } from "@lathe/files";
import { packedFormatNames } from "@lathe/quant";
import { z } from "zod";

/** Where a model computes and how it holds its weights. */
export const engineOptions = optionGroup("Engine", {
  engine: option(
    z.string().min(1).default("auto"),
    "what computes: auto, or one of the engines that the verb doctor lists",
    { placeholder: "name" },
  ),
  precision: option(
    z.enum(["auto", "fp32", "bf16", "int8", "fp16"]).default("auto"),
    "precision of matrix products",
    { placeholder: "precision" },
  ),
  quantize: option(
    z.enum(["none", ...packedFormatNames]).default("none"),
    "pack the base weights while they are read",
    { placeholder: "format" },
  ),
});

/**
 * The same flags for verbs that compute on the host alone: scripts may pass them everywhere. Nothing depends on the
 * engine there, and a format that would be ignored is refused.
 */
export const hostEngineOptions = optionGroup("Engine", {
  engine: option(z.string().min(1).default("auto"), "taken as everywhere; this verb needs none", {
    field: null,
    placeholder: "name",
  }),
  precision: option(z.enum(["auto", "fp32", "bf16", "int8", "fp16"]).default("auto"), "likewise", {
    field: null,
    placeholder: "precision",
  }),
  quantize: option(z.enum(["none"]).default("none"), "likewise", { field: null, placeholder: "format" }),
});
