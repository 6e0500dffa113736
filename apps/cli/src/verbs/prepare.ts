import { type OptionDetails, fieldsOf, formatTable, option, optionGroup } from "@lathe/command";
import { CLEANING_DEFAULTS, CLEANING_STEPS, DEFAULT_STEPS, NEAR_DUPLICATE_THRESHOLD } from "@lathe/data";
import { type PreparedRows, prepareRows, type PrepareRowsOptions } from "@lathe/recipes";
import { z } from "zod";
import { narrate } from "../events/narrate.js";
import { defineVerb } from "../define-verb.js";
import { hostEngineOptions } from "../options/engine-options.js";
import type { Messages } from "../messages/messages.js";
import { modelPathFault } from "../paths/model-path-fault.js";
import { rowsPathFault } from "../paths/rows-path-fault.js";

const characters = (field: string): OptionDetails => ({
  placeholder: "n",
  unit: "characters",
  field: `cleaning.${field}`,
});

/** `question=input,answer=output` → { question: "input", answer: "output" } */
function parseRenames(text: string): Record<string, string> | undefined {
  const entries = text.split(",").map((part) => part.split("=").map((name) => name.trim()));
  const isSound = entries.every((names) => names.length === 2 && names.every((name) => name !== ""));
  return isSound ? (Object.fromEntries(entries) as Record<string, string>) : undefined;
}

/** `0.85` → 0.85 */
function parseShareOrOff(text: string): number | "off" | undefined {
  if (text === "off") return text;
  return /^\d*\.?\d+$/.test(text) ? Number(text) : undefined;
}

const stepName = z.enum(CLEANING_STEPS);

const options = z.object({
  input: option(z.array(z.string().min(1)).min(1), "files to read: .jsonl, .csv, .tsv, .parquet", {
    placeholder: "file",
    check: rowsPathFault,
    field: "data",
  }),
  output: option(z.string().min(1), "folder to write", { placeholder: "dir" }),
  split: option(z.string().default("7:1:2"), "weights of train, validation and test", {
    placeholder: "a:b:c",
  }),
  seed: option(z.int().min(0).default(0), "chooses among the possible splits", { placeholder: "n" }),
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
  rename: option(z.record(z.string(), z.string()).default({}), "keys to rename before a row is read", {
    placeholder: "old=new,…",
    parse: parseRenames,
    expected: "renames such as question=input,answer=output",
  }),
  rejectLimit: option(
    z.number().min(0).max(1).default(0.05),
    "share of unusable rows beyond which nothing is written",
    { placeholder: "share" },
  ),
  overwrite: option(z.boolean().default(false), "replace a folder that prepare made"),
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
  ...optionGroup("Tokens", {
    model: option(z.string().min(1).optional(), "model folder whose tokenizer also makes .arrow files", {
      check: modelPathFault,
      placeholder: "dir",
    }),
    maxTokens: option(z.int().min(2).optional(), "longest row; the end of a longer one is cut off", {
      placeholder: "n",
      unit: "tokens",
      defaultText: "no limit",
    }),
  }),
  ...hostEngineOptions,
});

function describe(
  { read, kept, rejected, rules, clusters, splits, tokens, output }: PreparedRows,
  { words }: Messages,
): string {
  const applied = Object.entries(rules).filter(([, count]) => count > 0);
  const rows = [
    [words.read, read],
    [words.kept, kept],
    [words.setAside, rejected],
    [words.clusters, clusters],
    [words.train, splits.train],
    [words.validation, splits.validation],
    [words.test, splits.test],
  ] as const;
  const tables = [formatTable([words.rows, ""], rows)];
  if (applied.length > 0) tables.push(formatTable([words.rule, words.rows], applied));
  if (tokens) {
    const counts = [
      [words.all, tokens.tokens],
      [words.scored, tokens.scoredTokens],
      [words.rowsCut, tokens.truncatedRows],
    ] as const;
    tables.push(formatTable([words.tokens, ""], counts));
  }
  return [...tables, output].join("\n\n");
}

export const prepareVerb = defineVerb({
  description:
    "Writes train.jsonl, validation.jsonl, test.jsonl, rejected.jsonl and manifest.json; with --model also .arrow files of tokens.",
  examples: [
    "lathe prepare --input rows.jsonl --output prepared --split 7:1:2 --seed 0",
    "lathe prepare --input a.jsonl b.csv --output prepared --model models/base --max-tokens 1024",
  ],
  options,
  async run(values, context) {
    const narrator = narrate(context);
    try {
      const { signal, messages } = context;
      const { onEvent } = narrator;
      const result = await prepareRows({
        ...fieldsOf<PrepareRowsOptions>(options, values),
        signal,
        onEvent,
      });
      const { read, kept, rejected, rules, clusters, splits, examples, tokens, output } = result;
      return {
        json: { read, kept, rejected, rules, clusters, splits, tokens, examples, output },
        text: describe(result, messages),
      };
    } finally {
      narrator.end();
    }
  },
});
