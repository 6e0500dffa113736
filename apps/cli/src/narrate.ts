import { flagOfField, type Progress, sayTold, type VerbContext } from "@lathe/command";
import { type Phrase, sayPhrase } from "@lathe/files";
import {
  namingFieldsIn,
  type OnRecipeEvent,
  type RecipeEvent,
  type RecipePhase,
  tellEvent,
  tellParameters,
} from "@lathe/recipes";
import type { StepReport } from "@lathe/train";
import { withVerbs } from "./messages/with-verbs.js";
import type { Messages } from "./messages/messages.js";

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
const firstLine = (one: Phrase): Phrase => ({ ...one, template: one.template.split("\n", 1)[0] });

const labelOf = (phase: RecipePhase, messages: Messages): string =>
  phase === "loading" ? messages.loadingModel : messages[phase];

/** Notes and warnings of everything but progress. */
function say(
  event: Exclude<RecipeEvent, { type: "progress" }>,
  { messages, note, warn, command }: VerbContext<Messages>,
): void {
  const { phrases } = messages;
  const said = (one: Phrase): string => withVerbs(sayPhrase(one, phrases), command);
  switch (event.type) {
    case "engine": {
      const { name, precision, descriptionPhrase, passedOver } = event.engine;
      for (const passed of passedOver) {
        note(messages.passedOver(passed.name, said(firstLine(passed.phrase)), command));
      }
      note(messages.engine(name, precision, said(firstLine(descriptionPhrase))));
      break;
    }
    case "parameters":
      note(sayTold(tellParameters(event.parameters), phrases));
      break;
    case "paused":
    case "unpaused":
      break;
    default: {
      for (const { isWarning, sentence } of tellEvent(event)) {
        (isWarning ? warn : note)(said(namingFieldsIn(sentence, flagOfField)));
      }
    }
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
