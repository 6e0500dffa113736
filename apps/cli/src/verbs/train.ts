import { availableParallelism } from "node:os";
import { trainOptions } from "@lathe/recipes/options";
import { EXIT_FAILED, EXIT_INTERRUPTED, type VerbResult } from "@lathe/command";
import {
  type Collective,
  CollectiveError,
  environmentOfRank,
  LAUNCH_VARIABLE,
  launchOf,
  markDone,
  openCollective,
} from "@lathe/distributed";
import { phraseOfError, sayPhrase } from "@lathe/files";
import {
  contradictions,
  finetune,
  finetuneWithinMemory,
  type FinetuneSummary,
  type HostFinetuneOptions,
  type RecipeEvent,
  tellInterrupted,
  tellStep,
  tellTrained,
  tellValidation,
} from "@lathe/recipes";
import { nvidiaCard } from "@lathe/tensor";
import type { StepReport } from "@lathe/train";
import { defineVerb, type VerbContext } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "RUN/adapter is a PEFT folder, or RUN/model a model folder; RUN/metrics.jsonl has a line for every optimiser step. Ctrl-C writes a checkpoint; --resume goes on from it, to the same bits. Started by dist run or mpirun, all ranks share the micro-batches of a step, and the first one writes the run; with several of them only --deterministic gives the same bits.",
  examples: [
    "lathe train --model models/base --data prepared/train.arrow --validation prepared/validation.arrow --output runs/first",
    "lathe train --config run.yaml --learning-rate 1e-4 --output runs/second",
    "lathe train --model models/base --data rows.jsonl --method full --trainable model.layers.20.,lm_head --output runs/full",
    "lathe train --output runs/first --resume",
    "mpirun -n 2 --bind-to none lathe train --config run.yaml --output runs/two",
  ],
  options: trainOptions,
  contradictions,
  async run(values, context) {
    const { given, messages, narrator, recipeOptions } = context;
    let every = values.logEvery;
    const losses: number[] = [];
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "resuming" && !given.has("logEvery")) every = everyOf(event.settings) ?? every;
      narrator.onEvent(event);
    };
    // Memory that runs out on one of several ranks ends them all: the others cannot wait for a fresh process.
    const ranks = await joinRanks();
    const isFollowing = ranks !== null && ranks.rank > 0;
    const run = ranks === null && values.onOutOfMemory === "continue" ? finetuneWithinMemory : finetune;
    const steps = run({
      ...recipeOptions<HostFinetuneOptions>(),
      settings: { logEvery: every },
      language: messages.language,
      ...(isFollowing ? { onEvent: undefined } : { onEvent }),
      // Of ranks a plan counts what they exchange, and the library that is loaded for it by now.
      ...(ranks === null ? { processBytes: "measured" } : { collective: ranks }),
    });
    let next: IteratorResult<StepReport, FinetuneSummary>;
    try {
      next = await steps.next();
      for (; !next.done; next = await steps.next()) {
        losses.push(next.value.loss);
        if (!isFollowing) showStep(next.value, losses, every, context);
      }
      narrator.end();
      await ranks?.close();
    } catch (error) {
      if (ranks !== null) endWhereLost(error, ranks, context);
      throw error;
    }
    if (ranks !== null && !isFollowing && !next.value.interrupted)
      await markDone(values.output, process.env[LAUNCH_VARIABLE] ?? null);
    if (isFollowing) return { json: null, text: "", exitCode: next.value.interrupted ? EXIT_INTERRUPTED : 0 };
    return resultOf(next.value, losses, values.output, context);
  },
});

/**
 * The ranks that this process was launched among, with threads and a card for its share of the machine; null where nothing launched it.
 */
async function joinRanks(): Promise<Collective | null> {
  const launch = launchOf(process.env);
  if (launch === null) return null;
  const machine = { cores: availableParallelism(), cards: nvidiaCard()?.models.length ?? 0 };
  Object.assign(process.env, environmentOfRank(launch, process.env, machine));
  return await openCollective();
}

/** Where others are gone or a call has failed, no rank can leave by itself: it says so and ends all. */
function endWhereLost(error: unknown, ranks: Collective, { narrator, note }: VerbContext): void {
  if (!(error instanceof CollectiveError) || !["stalled", "call"].includes(error.fault)) return;
  narrator.end();
  note(phraseOfError(error));
  ranks.abort(EXIT_FAILED);
}

/** Steps between two lines, as the settings of a run have them. */
function everyOf({ logEvery }: Readonly<Record<string, unknown>>): number | null {
  return typeof logEvery === "number" && Number.isInteger(logEvery) && logEvery > 0 ? logEvery : null;
}

function showStep(
  report: StepReport,
  losses: readonly number[],
  every: number,
  { messages, narrator, io }: VerbContext,
): void {
  // A bar is drawn on a terminal alone; lines of a log are read one by one.
  const bar = narrator.step(report, tellStep(report, io.stderr.isTTY === true ? losses : []), every);
  const { step, validationLoss } = report;
  if (validationLoss !== undefined)
    bar.note(sayPhrase(tellValidation(step, validationLoss), messages.phrases));
}

function resultOf(
  summary: FinetuneSummary,
  losses: readonly number[],
  output: string,
  { note }: VerbContext,
): VerbResult {
  const json = { ...summary };
  if (!summary.interrupted) return { json, text: tellTrained(summary, losses, output) };
  note(tellInterrupted(summary.steps, output));
  return { json, text: "", exitCode: EXIT_INTERRUPTED };
}
