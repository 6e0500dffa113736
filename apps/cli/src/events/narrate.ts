import {
  type Progress,
  type VerbContext,
  formatBytes,
  formatDuration,
  formatNumber,
  kebabCase,
} from "@lathe/command";
import { type Phrase, sayPhrase } from "@lathe/files";
import type { OnRecipeEvent, RecipeEvent, RecipePhase, RowsEvent } from "@lathe/recipes";
import { checkpointFaultPhrase, type StepReport } from "@lathe/train";
import { withVerbs } from "../messages/with-verbs.js";
import type { Messages } from "../messages/messages.js";
import { flagsText } from "../messages/flags-text.js";
import { secondsText } from "../messages/seconds-text.js";
import { parameterText } from "./parameter-text.js";

/** Steps between two lines where no bar is drawn. */
const LOG_EVERY = 50;

/** Says what a recipe tells, in the language of the messages. */
export interface Narrator {
  readonly onEvent: OnRecipeEvent;
  /**
   * Shows how far a run is, on a bar that stays from step to step.
   *
   * @param details said beside the number; the loss unless given
   * @param every steps between two lines where no bar is drawn. The first step's counts; 50 unless given
   * @returns the bar, for what is said above it
   */
  step(report: StepReport, details?: readonly string[], every?: number): Progress;
  /** Takes the bar away that is shown. */
  end(): void;
}

/** A reason may be a whole list of what was tried; a note before every run is one line. */
const firstLine = (text: string): string => text.split("\n", 1)[0];

const labelOf = (phase: RecipePhase, messages: Messages): string =>
  phase === "loading" ? messages.loadingModel : messages[phase];

/** Names in a list that a message has at most. */
const SHOWN = 8;

function shownOf(names: readonly (string | number)[], { andMore }: Messages): string {
  const shown = names.slice(0, SHOWN).join(", ");
  return names.length > SHOWN ? andMore(shown, names.length - SHOWN) : shown;
}

function rowsText({ outcome, count, total, limit = 0, list = "" }: RowsEvent, messages: Messages): string {
  switch (outcome) {
    case "rejected":
      return messages.rowsSetAside(count, list);
    case "unscored":
      return messages.rowsUnscored(count);
    case "truncated":
      return messages.rowsCut(count, limit);
    case "overlong":
      return messages.rowsOverlong(count, limit);
    case "long":
      return messages.rowsLong(count, limit);
    case "without-reply":
      return messages.rowsWithoutReply(count, total);
  }
}

/** Notes and warnings of everything but progress. */
function say(
  event: Exclude<RecipeEvent, { type: "progress" }>,
  { messages, note, warn, command }: VerbContext<Messages>,
): void {
  switch (event.type) {
    case "engine": {
      const { name, precision, descriptionPhrase, passedOver } = event.engine;
      const said = (one: Phrase): string => withVerbs(firstLine(sayPhrase(one, messages.phrases)), command);
      for (const passed of passedOver) {
        const first = { ...passed.phrase, template: firstLine(passed.phrase.template) };
        note(messages.passedOver(passed.name, said(first), command));
      }
      note(messages.engine(name, precision, said(descriptionPhrase)));
      break;
    }
    case "rows":
      warn(`${event.source}: ${rowsText(event, messages)}`);
      break;
    case "columns":
      note(messages.columns(event));
      break;
    case "parameters":
      note(parameterText(event.parameters, messages));
      break;
    case "mask": {
      const { rows, tokens, scoredTokens, rowsWithEnd, longest } = event.report;
      const share = ((100 * scoredTokens) / tokens).toFixed(1);
      const text = messages.maskReport(rows, formatNumber(tokens), share, rowsWithEnd, longest.join(", "));
      if (rowsWithEnd === 0) warn(`${text}; ${messages.noEndTrained}`);
      else note(text);
      break;
    }
    case "memory": {
      const { expectedBytes, budgetBytes, recomputedLayers, layerCount, fits } = event.plan;
      const shown = [formatBytes(expectedBytes), formatBytes(budgetBytes)] as const;
      if (!fits) warn(messages.memoryShort(...shown));
      else if (recomputedLayers > 0 || event.isGiven) {
        note(messages.memoryPlan(recomputedLayers, layerCount, ...shown));
      }
      break;
    }
    case "streaming": {
      const { residentBytes, budgetBytes, bytesPerStep, tokensPerStep, fits } = event.plan;
      const shown = [formatBytes(residentBytes), formatBytes(budgetBytes)] as const;
      const text = messages.streaming(event.isAsked, ...shown, formatBytes(bytesPerStep), tokensPerStep);
      if (fits) note(text);
      else warn(text);
      break;
    }
    case "out-of-memory":
      warn(messages.outOfMemory(event.reason, flagsText(event.settings)));
      break;
    case "plan-corrected": {
      const { step, plannedBytes, expectedBytes, budgetBytes } = event.correction;
      const { plannedSecondsPerStep, secondsPerStep, remainingSeconds } = event.correction;
      note(
        messages.planCorrected(
          step,
          [formatBytes(expectedBytes), formatBytes(plannedBytes)],
          [secondsText(secondsPerStep), secondsText(plannedSecondsPerStep)],
          formatDuration(remainingSeconds),
        ),
      );
      if (expectedBytes > budgetBytes) {
        warn(messages.memoryAbove(formatBytes(expectedBytes), formatBytes(budgetBytes)));
      }
      break;
    }
    case "sampling": {
      const { sampling, ignored } = event;
      const taken = Object.entries(sampling).map(([key, value]) => `--${kebabCase(key)} ${value}`);
      if (taken.length > 0) note(messages.samplingOfModel(taken.join(" ")));
      const keys = ignored.map(({ key }) => key);
      if (keys.length > 0) warn(messages.samplingIgnored(keys.join(", ")));
      break;
    }
    case "bad-step": {
      const { step, quantity, value, rows, places, tensors } = event;
      const where = [
        ...(rows.length === 0 ? [] : [messages.rowsAt(shownOf(places ?? rows, messages))]),
        ...(tensors.length === 0 ? [] : [messages.tensorsNamed(shownOf(tensors, messages))]),
      ];
      warn(messages.stepNotApplied(step, `${messages.badQuantities[quantity]} ${value}`, where.join("; ")));
      break;
    }
    case "spike": {
      const { step, loss, median, deviations, places, rows } = event;
      const text = messages.lossSpike(step, loss.toFixed(4), median.toFixed(4), deviations.toFixed(1));
      warn(`${text} (${messages.rowsAt(shownOf(places ?? rows, messages))})`);
      break;
    }
    case "stalled": {
      const { step, firstLoss, lastLoss, gradNorm, clippedShare, learningRate, advice, maxGradNorm } = event;
      const norm = gradNorm.toPrecision(3);
      const text = messages.lossStalled(step, {
        ...{ first: firstLoss.toFixed(4), last: lastLoss.toFixed(4), norm },
        ...{ clipped: (100 * clippedShare).toFixed(0), rate: String(learningRate) },
      });
      const help = advice.map((name) => messages.stallAdvice[name](String(maxGradNorm), norm));
      warn([text, ...help].join("; "));
      break;
    }
    case "killed":
      note(messages.runKilled(event.kill, event.kills));
      break;
    case "passed-over":
      warn(
        messages.checkpointPassedOver(event.step, sayPhrase(checkpointFaultPhrase(event), messages.phrases)),
      );
      break;
    case "resuming":
      note(messages.resuming(event.step));
      break;
    case "paused":
    case "unpaused":
      break;
    case "warning":
      warn(sayPhrase(event.phrase, messages.phrases));
  }
}

/** The loss of a step. */
export const lossText = (loss: number, { words }: Messages): string => `${words.loss} ${loss.toFixed(4)}`;

/** Begins to say what a recipe tells. A bar ends where something else is said. */
export function narrate(context: VerbContext<Messages>): Narrator {
  const { messages, progress } = context;
  let bar: { readonly phase: RecipePhase; readonly progress: Progress } | null = null;
  let training: Progress | null = null;
  const endBar = (): void => {
    bar?.progress.end();
    bar = null;
  };
  const end = (): void => {
    endBar();
    training?.end();
  };
  return {
    end,
    step({ step, totalSteps, loss }, details = [lossText(loss, messages)], every = LOG_EVERY) {
      endBar();
      training ??= progress({ label: messages.training, every });
      training.update(step, totalSteps, ...details);
      return training;
    },
    onEvent(event) {
      if (event.type !== "progress") {
        end();
        say(event, context);
        return;
      }
      const { phase, done, total, item, rows } = event;
      training?.end();
      if (bar?.phase !== phase) {
        endBar();
        bar = { phase, progress: progress({ label: labelOf(phase, messages) }) };
      }
      const detail = rows ? messages.rows(rows.kept, rows.read) : item;
      bar.progress.update(done, total, ...(detail === undefined ? [] : [detail]));
    },
  };
}
