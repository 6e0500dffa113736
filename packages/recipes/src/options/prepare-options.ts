import {
  CLEANING_DEFAULTS,
  CLEANING_STEPS,
  DEFAULT_STEPS,
  NEAR_DUPLICATE_THRESHOLD,
  PERSONAL_DATA_ACTIONS,
} from "@lathe/data";
import { option, type OptionDetails, optionGroup, parsePairs } from "@lathe/files";
import { z } from "zod";
import { hostEngineOptions } from "./engine-options.js";
import { learntRowOptions } from "./learnt-options.js";
import { inputsPath, modelPath } from "./path-options.js";

const characters = (field: string): OptionDetails => ({
  placeholder: "n",
  unit: "characters",
  field: `cleaning.${field}`,
});

/** `0.85` → 0.85 */
function parseShareOrOff(text: string): number | "off" | undefined {
  if (text === "off") return text;
  return /^\d*\.?\d+$/.test(text) ? Number(text) : undefined;
}

const stepName = z.enum(CLEANING_STEPS);

/** What rows are prepared from, and how. */
export const prepareOptions = z.object({
  input: option(
    z.array(z.string().min(1)).min(1),
    "files of rows, folders, patterns, or files at https:// and s3://: JSONL, JSON, CSV, Parquet, Arrow or text, also packed",
    { ...inputsPath, field: "data" },
  ),
  output: option(z.string().min(1), "folder to write", { placeholder: "dir" }),
  split: option(z.string().default("7:1:2"), "weights of train, validation and test", {
    placeholder: "a:b:c",
  }),
  seed: option(z.int().min(0).default(0), "chooses among the possible splits"),
  groupBy: option(
    z.array(z.string().min(1)).default([]),
    "fields, such as customer, whose rows of one value share a split; the rows of a dialogue always do",
    { placeholder: "a,b", separator: ",", defaultText: "none" },
  ),
  stratify: option(z.string().min(1).optional(), "field whose every value is split by the weights", {
    placeholder: "field",
    defaultText: "none",
  }),
  nearDuplicates: option(
    z.union([z.number().gt(0).max(1), z.literal("off")]).default(NEAR_DUPLICATE_THRESHOLD),
    "least likeness of near copies (Jaccard, of character 5-grams), which are set aside; off looks for none",
    { placeholder: "share|off", parse: parseShareOrOff, expected: "a number above 0, at most 1, or off" },
  ),
  keepNearDuplicates: option(z.boolean().default(false), "keep near copies, all in one split"),
  map: option(
    z.record(z.string(), z.string()).default({}),
    "columns to learn from, by the key they stand for",
    {
      placeholder: "key=column,…",
      parse: parsePairs,
      expected: "keys and columns such as prompt=问题,completion=回答",
    },
  ),
  rejectLimit: option(
    z.number().min(0).max(1).default(0.05),
    "share of unusable rows beyond which nothing is written",
    { placeholder: "share" },
  ),
  overwrite: option(z.boolean().default(false), "replace a folder that prepare made"),
  resume: option(
    z.boolean().default(false),
    "go on from where the same command was interrupted or killed; else it begins anew",
  ),
  ...optionGroup("Cleaning", {
    minInputCharacters: option(
      z.int().min(0).default(CLEANING_DEFAULTS.minimumInputCharacters),
      "least of what the model is given",
      characters("minimumInputCharacters"),
    ),
    minOutputCharacters: option(
      z.int().min(0).default(CLEANING_DEFAULTS.minimumOutputCharacters),
      "least of what the model is to say",
      characters("minimumOutputCharacters"),
    ),
    maxCharacters: option(
      z.int().min(1).default(CLEANING_DEFAULTS.maximumCharacters),
      "most of a row, input and output together",
      characters("maximumCharacters"),
    ),
    steps: option(
      z.array(z.union([stepName, z.looseObject({ step: stepName })])).default([...DEFAULT_STEPS]),
      "steps of cleaning, in the order in which they run; in the config file also with settings, such as {step: language, share: 0.6}",
      { field: "cleaning.steps", placeholder: "a,b", separator: "," },
    ),
    disable: option(z.array(stepName).default([]), "steps of cleaning to leave out", {
      field: "cleaning.disable",
      placeholder: "a,b",
      separator: ",",
    }),
  }),
  ...optionGroup("Personal data", {
    personalData: option(
      z.enum(PERSONAL_DATA_ACTIONS).default("mask"),
      "mask: placeholders such as [PHONE_1] in its place; drop: rows that hold any are set aside; report: only counted; keep: not looked for",
      { field: "cleaning.personalData.action" },
    ),
    allow: option(
      z.string().min(1).optional(),
      "file of public data that stay, such as numbers of hotlines, one a line",
      { placeholder: "file", field: "personalDataFiles.allow" },
    ),
    personalDataKey: option(
      z.string().min(1).optional(),
      "file of the key with which masking can be undone, made where there is none; keep it apart from the rows",
      { placeholder: "file", field: "personalDataFiles.key" },
    ),
  }),
  ...optionGroup("Tokens", {
    model: option(
      z.string().min(1).optional(),
      "model folder whose tokenizer also makes .arrow files",
      modelPath,
    ),
    ...learntRowOptions("no limit"),
  }),
  ...hostEngineOptions,
});
