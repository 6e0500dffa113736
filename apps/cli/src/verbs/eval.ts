import { phrase } from "@lathe/files";
import {
  comparisonRecord,
  evaluateFiles,
  type EvaluateFilesOptions,
  evaluateSystems,
  type EvaluateSystemsOptions,
  evaluationRecord,
  tellComparison,
  tellEvaluation,
} from "@lathe/recipes";
import type { z } from "zod";
import { JUDGE_KEY, evaluateOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Scores files of replies, or has a model reply to rows first, without and with adapters: it then also measures the perplexity of the references, and compares.",
  examples: [
    "lathe eval --predictions replies.txt --references references.txt --metrics bleu,chrf,rouge",
    "lathe eval --model models/base --adapter runs/first/adapter --data prepared/test.jsonl --metrics bleu-char,rouge",
    "lathe eval --model models/base --adapter runs/first/adapter --data prepared/test.jsonl --output evaluations/first",
  ],
  options: evaluateOptions,
  async run(values, { messages, io, recipeOptions }) {
    const { model, metrics, output } = values;
    const key = io.env[JUDGE_KEY];
    if (model === undefined) {
      const asked = withJudgeKey(recipeOptions<EvaluateFilesOptions>(), values, key);
      const comparison = await evaluateFiles({ ...asked, metrics });
      return { json: comparisonRecord(comparison), text: tellComparison(comparison) };
    }
    const asked = withJudgeKey(recipeOptions<EvaluateSystemsOptions>(), values, key);
    const evaluation = await evaluateSystems({ ...asked, language: messages.language });
    const reports =
      output === undefined
        ? []
        : [phrase`replies and reports are in ${output}: report.html, report.md, report.json`];
    return { json: evaluationRecord(evaluation), text: [...tellEvaluation(evaluation), ...reports] };
  },
});

/** The options with the key of a judge, where one is asked. */
function withJudgeKey<Options extends Pick<EvaluateFilesOptions, "judge">>(
  asked: Options,
  { judge: url, judgeModel: model }: z.output<typeof evaluateOptions>,
  apiKey: string | undefined,
): Options {
  if (url === undefined || model === undefined) return { ...asked, judge: undefined };
  return { ...asked, judge: { ...asked.judge, url, model, apiKey } };
}
