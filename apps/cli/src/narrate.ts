import { flagOfField, type Progress, sayTold, type VerbContext } from "@lathe/command";
import { type Phrase, phrase, sayPhrase } from "@lathe/files";
import {
  type OnRecipeEvent,
  phaseNames,
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
  step(report: StepReport, details?: readonly Phrase[], every?: number): Progress;
  /** Takes the bar away that is shown. */
  end(): void;
}

/** A reason may be a whole list of what was tried; a note before every run is one line. */
const firstLine = (one: Phrase): Phrase => ({ ...one, template: one.template.split("\n", 1)[0] });

/** Notes and warnings of everything but progress. */
function tell(
  event: Exclude<RecipeEvent, { type: "progress" }>,
  { messages, note, warn, command }: VerbContext<Messages>,
): void {
  const { phrases } = messages;
  const said = (one: Phrase): string => withVerbs(sayPhrase(one, phrases, flagOfField), command);
  switch (event.type) {
    case "engine": {
      const { name, precision, descriptionPhrase, passedOver } = event.engine;
      for (const passed of passedOver) {
        // A reason is a sentence with its full stop, or a part of one without.
        const reason = said(firstLine(passed.phrase)).replace(/\.?$/, ".");
        note(phrase`engine ${passed.name} passed over: ${reason} ${command} doctor says more.`);
      }
      note(phrase`engine ${name}, ${precision}: ${said(firstLine(descriptionPhrase))}`);
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
        (isWarning ? warn : note)(said(sentence));
      }
    }
  }
}

/** Begins to say what a recipe tells. A bar ends where something else is said. */
export function narrate(context: VerbContext<Messages>): Narrator {
  const { messages, progress } = context;
  const say = (sentence: Phrase): string => sayPhrase(sentence, messages.phrases);
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
    step({ step, totalSteps, loss }, details = [phrase`loss ${loss.toFixed(4)}`], every = LOG_EVERY) {
      endBar();
      training ??= progress({ label: say(phaseNames.training), every });
      training.update(step, totalSteps, ...details.map(say));
      return training;
    },
    onEvent(event) {
      if (event.type !== "progress") {
        end();
        tell(event, context);
        return;
      }
      const { phase, done, total, item, rows } = event;
      training?.end();
      if (bar?.phase !== phase) {
        endBar();
        bar = { phase, progress: progress({ label: say(phaseNames[phase]) }) };
      }
      const detail = rows ? say(phrase`${rows.kept} of ${rows.read} rows`) : item;
      bar.progress.update(done, total, ...(detail === undefined ? [] : [detail]));
    },
  };
}
