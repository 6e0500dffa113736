import { option, optionGroup } from "@lathe/files";
import { judgeLanguages } from "@lathe/eval";
import { z } from "zod";

/** Environment variable of the key that a judge is asked with; it is no option, as those are seen by others. */
export const JUDGE_KEY = "LATHE_JUDGE_KEY";

/** A model that judges replies, over the network. */
export const judgeOptions = optionGroup("With a judge", {
  judge: option(
    z.string().min(1).optional(),
    "address of an OpenAI-compatible interface whose model judges the replies: it scores each, and prefers one of two, asked in both orders; the texts are sent there, with the key of LATHE_JUDGE_KEY",
    { placeholder: "url", field: "judge.url", defaultText: "none: nothing is sent" },
  ),
  judgeModel: option(z.string().min(1).optional(), "name of the judging model there", {
    placeholder: "name",
    field: "judge.model",
  }),
  judgeLanguage: option(z.enum(judgeLanguages).optional(), "language of what the judge is told", {
    placeholder: "language",
    field: "judge.language",
    defaultText: "that of the texts",
  }),
  judgeConcurrency: option(z.int().min(1).default(4), "questions that are open at one time", {
    field: "judge.concurrency",
  }),
  judgeTimeout: option(z.int().min(1).default(120), "until a question is asked again", {
    unit: "seconds",
    field: "judge.timeoutSeconds",
  }),
  judgeTokens: option(z.int().min(1).default(1024), "length of an answer at most, with its reasoning", {
    unit: "tokens",
    field: "judge.maxTokens",
  }),
  judgeAnswers: option(
    z.string().min(1).optional(),
    "file that answers are appended to; those that it holds are not asked for again",
    { placeholder: "file", defaultText: "judge.jsonl in --output" },
  ),
});
