import { formatBytes, formatDuration } from "@lathe/files";
import { join } from "node:path";
import { EXIT_INTERRUPTED, type VerbResult, formatTable } from "@lathe/command";
import { launchOf, openCollective } from "@lathe/distributed";
import { sparkline } from "@lathe/report";
import {
  finetune,
  finetuneWithinMemory,
  type FinetuneSummary,
  type HostFinetuneOptions,
  type RecipeEvent,
} from "@lathe/recipes";
import type { StepReport } from "@lathe/train";
import { lossText } from "../narrate.js";
import { defineVerb, type VerbContext } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
import { trainOptions } from "../options/train-options.js";

export const verb = defineVerb({
  description:
    "RUN/adapter is a PEFT folder, or RUN/model a model folder; RUN/metrics.jsonl has a line for every optimiser step. Ctrl-C writes a checkpoint; --resume goes on from it, to the same bits. Started by mpirun, all ranks share the micro-batches of a step, and the first one writes the run.",
  examples: [
    "lathe train --model models/base --data prepared/train.arrow --validation prepared/validation.arrow --output runs/first",
    "lathe train --config run.yaml --learning-rate 1e-4 --output runs/second",
    "lathe train --model models/base --data rows.jsonl --method full --trainable model.layers.20.,lm_head --output runs/full",
    "lathe train --output runs/first --resume",
    "mpirun -n 2 --bind-to none lathe train --config run.yaml --output runs/two",
  ],
  options: trainOptions,
  async run(values, context) {
    const { given, messages, narrator, recipeOptions } = context;
    let every = values.logEvery;
    const losses: number[] = [];
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "resuming" && !given.has("logEvery")) every = everyOf(event.settings) ?? every;
      narrator.onEvent(event);
    };
    // Memory that runs out on one of several ranks ends them all: the others cannot wait for a fresh process.
    const ranks = launchOf(process.env) === null ? null : await openCollective();
    const isFollowing = ranks !== null && ranks.rank > 0;
    const run = ranks === null && values.onOutOfMemory === "continue" ? finetuneWithinMemory : finetune;
    const steps = run({
      ...recipeOptions<HostFinetuneOptions>(),
      settings: { logEvery: every },
      language: messages.language,
      ...(isFollowing ? { onEvent: undefined } : { onEvent }),
      ...(ranks === null ? {} : { collective: ranks }),
    });
    let next = await steps.next();
    for (; !next.done; next = await steps.next()) {
      losses.push(next.value.loss);
      if (!isFollowing) showStep(next.value, losses, every, context);
    }
    narrator.end();
    await ranks?.close();
    if (isFollowing) return { json: null, text: "", exitCode: next.value.interrupted ? EXIT_INTERRUPTED : 0 };
    return resultOf(next.value, losses, values.output, context);
  },
});

/** Steps between two lines, as the settings of a run have them. */
function everyOf({ logEvery }: Readonly<Record<string, unknown>>): number | null {
  return typeof logEvery === "number" && Number.isInteger(logEvery) && logEvery > 0 ? logEvery : null;
}

/** Losses that the bar shows the course of, and the signs of it. */
const RECENT = 96;
const RECENT_WIDTH = 8;

function showStep(
  report: StepReport,
  losses: readonly number[],
  every: number,
  { messages, narrator, io }: VerbContext,
): void {
  const { step, loss, tokensPerSecond, residentBytes, validationLoss, accuracy, margin } = report;
  const details = [
    lossText(loss, messages),
    // A bar is drawn on a terminal alone; lines of a log are read one by one.
    ...(io.stderr.isTTY === true && losses.length > 1
      ? [sparkline(losses.slice(-RECENT), RECENT_WIDTH)]
      : []),
    ...(accuracy === undefined ? [] : [`${messages.words.accuracy} ${accuracy.toFixed(2)}`]),
    ...(margin === undefined ? [] : [`${messages.words.margin} ${margin.toFixed(3)}`]),
    messages.tokensPerSecond(tokensPerSecond.toFixed(0)),
    formatBytes(residentBytes),
  ];
  const bar = narrator.step(report, details, every);
  if (validationLoss !== undefined) {
    const perplexity = Math.exp(validationLoss).toFixed(2);
    bar.note(messages.validation(step, validationLoss.toFixed(4), perplexity));
  }
}

function resultOf(
  summary: FinetuneSummary,
  losses: readonly number[],
  output: string,
  { messages, note }: VerbContext,
): VerbResult {
  const { steps, loss, validationLoss, tokens, seconds, tokensPerSecond, adapter, model, base } = summary;
  const json = { ...summary };
  if (summary.interrupted) {
    note(messages.interrupted(steps, output));
    return { json, text: "", exitCode: EXIT_INTERRUPTED };
  }
  const { words } = messages;
  const head = [words.loss, words.validationLoss, words.tokens, words.tokensPerSecond];
  const text = [
    messages.trained(steps, formatDuration(seconds)),
    ...(summary.stoppedEarly ? [messages.stoppedEarly(steps)] : []),
    formatTable(head, [[loss, validationLoss, tokens, tokensPerSecond]]),
    ...(losses.length < 2 ? [] : [lossCourse(losses, messages)]),
    ...(adapter === null ? [] : [messages.adapterAt(adapter)]),
    ...(base === null ? [] : [messages.baseAt(base)]),
    ...(model === null ? [] : [messages.modelAt(model)]),
    messages.pageAt(join(output, "report.html")),
  ];
  return { json, text: text.join("\n") };
}

/** Signs that a course of the loss takes, which leaves room for its ends in a narrow terminal. */
const COURSE_WIDTH = 24;

function lossCourse(losses: readonly number[], messages: Messages): string {
  const [first, last] = [losses[0], losses[losses.length - 1]].map((loss) => loss.toFixed(3));
  return messages.lossCourse(sparkline(losses, COURSE_WIDTH), first, last);
}
