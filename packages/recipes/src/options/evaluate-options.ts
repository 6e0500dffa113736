import { bleuSmoothings, bleuTokenizers, metricNames, reasoningRules } from "@lathe/eval";
import { option, optionGroup, phrase } from "@lathe/files";
import { z } from "zod";
import { engineOptions } from "./engine-options.js";
import { generationOptions } from "./generation-options.js";
import { judgeOptions } from "./judge-options.js";
import { measuredLossOnOption, measuredReasoningOption } from "./learnt-options.js";
import { streamOption, tokensPerBatchOption } from "./model-options.js";
import { adapterPath, modelPath, rowsPath } from "./path-options.js";

const text = z.string().min(1).optional();

const labelPlace = z.union([
  z.enum(["whole", "first-line", "longest-label"]),
  z.strictObject({ field: z.string().min(1) }),
  z.strictObject({ pattern: z.string().min(1) }),
]);

/** `field:intent` → { field: "intent" } */
function parseLabelPlace(text: string): z.output<typeof labelPlace> | undefined {
  const [kind, ...rest] = text.split(":");
  const value = rest.join(":");
  const place = value === "" ? kind : kind === "field" ? { field: value } : { pattern: value };
  const { success, data } = labelPlace.safeParse(
    value !== "" && !["field", "pattern"].includes(kind) ? null : place,
  );
  return success ? data : undefined;
}

/** What is scored, and how. */
const scoring = {
  predictions: option(
    z.array(z.string().min(1)).min(1).optional(),
    "files of replies to score: a text a line, or .jsonl; others are compared with the first",
    { placeholder: "file" },
  ),
  references: option(text, "what they should be: a text a line, or .jsonl, also several a line", {
    placeholder: "file",
  }),
  metrics: option(
    z.array(z.string().min(1)).min(1).default(["bleu", "rouge"]),
    phrase`metrics: ${[...metricNames, "embedding"].join(", ")}; rouge stands for rouge1, rouge2 and rougeL, classification for the ten of labels, llama-factory for its four`,
    { placeholder: "a,b", separator: "," },
  ),
  textLanguage: option(
    z.enum(["auto", "en", "zh"]).default("auto"),
    "whose rules divide the texts; auto looks at the references",
    { placeholder: "language", field: "metricOptions.language" },
  ),
  bleuTokenizer: option(z.enum(bleuTokenizers).optional(), "tokeniser of the metric bleu", {
    field: "metricOptions.tokenizer",
    defaultText: "13a, or zh for Chinese",
  }),
  smoothing: option(z.enum(bleuSmoothings).default("exp"), "smoothing of BLEU, as sacreBLEU names it", {
    field: "metricOptions.smoothing",
  }),
  lowercase: option(z.boolean().default(false), "compare in lower case, for BLEU and chrF", {
    field: "metricOptions.lowercase",
  }),
  stem: option(z.boolean().default(false), "compare English words without their endings, for ROUGE", {
    field: "metricOptions.stem",
  }),
  labels: option(z.array(z.string().min(1)).min(1).optional(), "labels of classification", {
    field: "metricOptions.labels",
    placeholder: "a,b",
    separator: ",",
    defaultText: "those of the references",
  }),
  labelPlace: option(
    labelPlace.default("whole"),
    "where a reply's label stands: whole, first-line, longest-label, field:NAME of JSON, or pattern:REGEX",
    {
      field: "metricOptions.labelPlace",
      placeholder: "place",
      parse: parseLabelPlace,
      expected: "whole, first-line, longest-label, field:NAME or pattern:REGEX",
    },
  ),
  reasoning: option(
    z.enum(reasoningRules).default("strip"),
    "whether <think> blocks of replies and references are scored; the scores of the other rule are given beside",
    { placeholder: "rule" },
  ),
  resamples: option(
    z.int().min(1).default(1000),
    "times that the bootstrap draws the rows, for intervals of 95 %",
    { field: "bootstrap.resamples" },
  ),
  embeddingModel: option(text, "model folder that the metric embedding compares texts by", {
    ...modelPath,
    placeholder: "dir",
  }),
  perSegment: option(z.boolean().default(false), "also give every text's own scores, with --json", {
    field: "metricOptions.perSegment",
  }),
};

/** What is evaluated, and how. */
export const evaluateOptions = z
  .object({
    ...scoring,
    ...optionGroup("With a model", {
      model: option(text, "model folder: generates the replies first, and measures perplexity", modelPath),
      adapter: option(
        z.array(z.string().min(1)).min(1).optional(),
        "adapter folders: each is compared with the model without one",
        { ...adapterPath, field: "adapters" },
      ),
      stream: streamOption(),
      base: option(z.boolean().default(true), "also measure the model without an adapter", {
        negated: "measure the adapters alone",
      }),
      data: option(text, "rows in any shape; the last reply of each is the reference", rowsPath("test")),
      probe: option(
        text,
        "rows of general text, whose perplexity shows what an adapter has made the model forget",
        rowsPath("test"),
      ),
      limit: option(z.int().min(1).optional(), "rows at most, from the start of the file", {
        unit: "rows",
        defaultText: "all",
      }),
      batchSize: option(
        z.int().min(1).default(32),
        "replies generated at one time; where one ends, the next row takes its place; more than 8 are faster and rounded otherwise, so that some part from what is generated alone",
        { unit: "rows" },
      ),
      tokensPerBatch: tokensPerBatchOption(),
      lossOn: measuredLossOnOption(),
      learntReasoning: measuredReasoningOption(),
      output: option(
        text,
        "folder for the replies of each system and for report.json, report.md and report.html",
        { placeholder: "dir" },
      ),
      resume: option(
        z.boolean().default(false),
        "go on with the evaluation in --output that was ended or killed",
      ),
      predictionsOutput: option(
        text,
        "file for the replies of the last system: .jsonl with prompt, prediction, reference",
        { placeholder: "file" },
      ),
    }),
    ...judgeOptions,
    ...generationOptions,
    ...engineOptions,
  })
  .refine(({ judge, judgeModel }) => (judge === undefined) === (judgeModel === undefined), {
    error: "--judge and --judge-model go together",
  })
  .refine(
    ({ predictions, references, model, data }) =>
      model === undefined && data === undefined
        ? predictions !== undefined && references !== undefined
        : model !== undefined && data !== undefined && predictions === undefined && references === undefined,
    { error: "expected either --predictions and --references, or --model and --data" },
  )
  .refine(
    ({ model, adapter, probe, output, predictionsOutput }) =>
      model !== undefined || (adapter ?? probe ?? output ?? predictionsOutput) === undefined,
    {
      error: "--adapter, --probe, --output and --predictions-output go with --model",
    },
  );
