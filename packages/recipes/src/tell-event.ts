import { formatBytes, formatDuration, formatNumber, formatSeconds, type Phrase, phrase } from "@lathe/files";
import { badStepPhrase, checkpointFaultPhrase, placedRowsPhrase, type StallAdvice } from "@lathe/train";
import { field } from "./recipe-error.js";
import type { RecipeEvent, RowsEvent } from "./recipe-event.js";
import type { MaskReport } from "./rows/mask-report.js";

/** An event in words. */
export interface ToldEvent {
  /** Whether something is not as one would expect. */
  readonly isWarning: boolean;
  readonly sentence: Phrase;
}

/** Events that are shown otherwise than by a sentence: bars, tables, and engines by name. */
export type EventWithoutSentence = Extract<
  RecipeEvent,
  { readonly type: "progress" | "engine" | "parameters" | "paused" | "unpaused" }
>;

const noteOf = (sentence: Phrase): ToldEvent[] => [{ isWarning: false, sentence }];
const warningOf = (sentence: Phrase): ToldEvent[] => [{ isWarning: true, sentence }];

const joined = ([first, ...rest]: readonly Phrase[]): Phrase =>
  rest.reduce((before, next) => phrase`${before}; ${next}`, first);

const countedRows = (count: number): Phrase => (count === 1 ? phrase`${1} row` : phrase`${count} rows`);

/** Fields with values, as one would give them. */
const settingsOf = (settings: Readonly<Record<string, string | number>>): Phrase =>
  Object.entries(settings)
    .map(([path, value]) => phrase`${field(path)} ${value}`)
    .reduce((before, next) => phrase`${before} ${next}`);

function rowsSentence({ outcome, count, total, limit = 0, list = "" }: RowsEvent): Phrase {
  const rows = countedRows(count);
  switch (outcome) {
    case "rejected":
      return list === ""
        ? phrase`${rows} set aside as unusable`
        : phrase`${rows} set aside as unusable, listed in ${list}`;
    case "unscored":
      return phrase`${rows} left out: no label to learn from, or none within the token limit`;
    case "truncated":
      return phrase`${rows} cut to ${limit} tokens`;
    case "overlong":
      return phrase`${rows} of more than ${limit} tokens left out`;
    case "long":
      return count === 1
        ? phrase`${1} row is longer than the ${limit} tokens that the model is meant to read`
        : phrase`${count} rows are longer than the ${limit} tokens that the model is meant to read`;
    case "without-reply":
      return phrase`${count} of ${total} rows have no reply to generate and are only scored`;
  }
}

/** What the columns of a file are taken for. */
export function columnsSentence({
  source,
  kind,
  learnt,
  others,
  isKept,
  suggestion,
}: Omit<Extract<RecipeEvent, { readonly type: "columns" }>, "type">): Phrase {
  const rest = others.join(", ");
  return joined([
    phrase`${source}: rows of ${kind}; learnt: ${learnt.join(", ")}`,
    ...(others.length === 0 ? [] : [isKept ? phrase`kept, not learnt: ${rest}` : phrase`ignored: ${rest}`]),
    ...(suggestion === null ? [] : [phrase`prepare ${field("map")} ${suggestion} would learn more`]),
  ]);
}

function maskSentence({ rows, tokens, scoredTokens, rowsWithEnd, longest }: MaskReport): Phrase {
  const share = ((100 * scoredTokens) / tokens).toFixed(1);
  const end =
    rowsWithEnd < rows
      ? phrase`end token learnt in ${rowsWithEnd}, not in the ${rows - rowsWithEnd} that are cut short or end otherwise`
      : phrase`end token learnt in ${rowsWithEnd}`;
  return phrase`rows: ${rows} of ${formatNumber(tokens)} tokens, ${share} % with a loss; ${end}; longest ${longest.join(", ")}`;
}

/** What may help a loss that does not fall. @param limit of the gradient norm   @param norm its median */
function adviceSentence(advice: StallAdvice, limit: number, norm: string): Phrase {
  const [rate, targets] = [field("train.learningRate"), field("lora.targets")];
  switch (advice) {
    case "lower-rate":
      return phrase`it rises: lower ${rate}, or raise ${field("train.warmupSteps")}`;
    case "check-targets":
      return phrase`no gradient arrives at what is trained: look at ${targets} or ${field("full.trainable")}, and at the labels of the rows`;
    case "raise-rate":
      return phrase`the recipe allows raising the rate: ${rate} 1e-4`;
    case "raise-clipping":
      return phrase`clipping at ${limit} makes most steps smaller: ${field("train.maxGradNorm")} near the median norm ${norm}, or 0 for none`;
    case "check-rows":
      return phrase`rate and gradients are as usual: look at the rows and their labels, or train more of the model (${field("lora.rank")}, ${targets} all-linear)`;
  }
}

/** An event of a recipe as people read it: no sentence, one, or two of which one is a warning. */
export function tellEvent(event: Exclude<RecipeEvent, EventWithoutSentence>): readonly ToldEvent[] {
  switch (event.type) {
    case "rows":
      return warningOf(phrase`${event.source}: ${rowsSentence(event)}`);
    case "columns":
      return noteOf(columnsSentence(event));
    case "mask": {
      const sentence = maskSentence(event.report);
      return event.report.rowsWithEnd > 0
        ? noteOf(sentence)
        : warningOf(phrase`${sentence}; a model that never learns one does not know when to stop`);
    }
    case "memory": {
      const { recomputedLayers, layerCount, fits } = event.plan;
      const [expected, budget] = [formatBytes(event.plan.expectedBytes), formatBytes(event.plan.budgetBytes)];
      if (!fits) {
        return warningOf(
          phrase`about ${expected} are needed even with every layer computed again, and about ${budget} are free; the system may end the run or swap. A smaller ${field("train.batchSize")}, shorter rows (${field("maxTokens")}) or packed weights (${field("quantize")}) take less.`,
        );
      }
      if (recomputedLayers === 0 && !event.isGiven) return [];
      return noteOf(
        phrase`memory: about ${expected} of ${budget}, ${recomputedLayers} of ${layerCount} layers computed again`,
      );
    }
    case "streaming": {
      const { residentBytes, budgetBytes, bytesPerStep, tokensPerStep, fits } = event.plan;
      const where = event.isAsked
        ? phrase`weights stay on disk`
        : phrase`memory does not hold the weights: they stay on disk`;
      const sentence = phrase`${where}, and a step of about ${tokensPerStep} tokens reads ${formatBytes(bytesPerStep)} of them; memory: about ${formatBytes(residentBytes)} of ${formatBytes(budgetBytes)}`;
      return [{ isWarning: !fits, sentence }];
    }
    case "out-of-memory": {
      const settings = settingsOf(event.settings);
      return warningOf(
        event.reason === "refused"
          ? phrase`memory ran out (an allocation was refused): a fresh process goes on with ${settings}`
          : phrase`memory ran out (the system ended the process): a fresh process goes on with ${settings}`,
      );
    }
    case "plan-corrected": {
      const { step, plannedBytes, expectedBytes, budgetBytes, remainingSeconds } = event.correction;
      const { plannedSecondsPerStep: planned, secondsPerStep: now } = event.correction;
      const sentence = phrase`plan corrected after step ${step}: ${formatBytes(expectedBytes)} (planned ${formatBytes(plannedBytes)}), ${formatSeconds(now)} a step (planned ${formatSeconds(planned)}), ${formatDuration(remainingSeconds)} to go`;
      const { stream } = event.correction;
      const read = stream
        ? noteOf(
            phrase`a step reads ${formatBytes(stream.bytesPerStep)} of weights (planned ${formatBytes(stream.plannedBytesPerStep)})`,
          )
        : [];
      if (expectedBytes <= budgetBytes) return [...noteOf(sentence), ...read];
      const more = phrase`about ${formatBytes(expectedBytes)} will be needed, more than the ${formatBytes(budgetBytes)} that there were to take; the system may end the run or swap`;
      return [...noteOf(sentence), ...read, ...warningOf(more)];
    }
    case "dealt": {
      const shares = event.shares.map((share) => `${(100 * share).toFixed(0)} %`).join(", ");
      return noteOf(phrase`ranks are not equally fast: from the next step on they are dealt ${shares} of it`);
    }
    case "sampling": {
      const taken = Object.entries(event.sampling).map(
        ([key, value]) => [`generation.${key}`, value] as const,
      );
      const settings = Object.fromEntries(taken);
      const ignored = event.ignored.map(({ key }) => key);
      return [
        ...(taken.length === 0
          ? []
          : noteOf(phrase`sampling as the model's generation_config.json says: ${settingsOf(settings)}`)),
        ...(ignored.length === 0
          ? []
          : warningOf(phrase`generation_config.json asks for what is not done here: ${ignored.join(", ")}`)),
      ];
    }
    case "bad-step":
      return warningOf(phrase`step ${event.step} not applied: ${badStepPhrase(event, event.value)}`);
    case "spike": {
      const { step, loss, median, deviations } = event;
      return warningOf(
        phrase`step ${step}: the loss leaps to ${loss.toFixed(4)}, ${deviations.toFixed(1)} robust deviations above the median ${median.toFixed(4)} of the steps before (${placedRowsPhrase(event)})`,
      );
    }
    case "stalled": {
      const { step, firstLoss, lastLoss, gradNorm, clippedShare, learningRate, advice, maxGradNorm } = event;
      const norm = gradNorm.toPrecision(3);
      const head = phrase`step ${step}: the loss has not fallen since the run began (${firstLoss.toFixed(4)} at first, ${lastLoss.toFixed(4)} now; median gradient norm ${norm}, ${(100 * clippedShare).toFixed(0)} % of the last steps clipped, learning rate up to ${learningRate})`;
      return warningOf(joined([head, ...advice.map((name) => adviceSentence(name, maxGradNorm, norm))]));
    }
    case "killed":
      return noteOf(phrase`kill ${event.kill} of ${event.kills}`);
    case "passed-over":
      return warningOf(
        phrase`the checkpoint of step ${event.step} is passed over: ${checkpointFaultPhrase(event)}`,
      );
    case "resuming":
      return noteOf(phrase`resuming after step ${event.step}`);
    case "warning":
      return warningOf(event.phrase);
  }
}
