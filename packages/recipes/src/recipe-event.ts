import { asPhrase, type OnWarning, type Phrase, sayPhrase } from "@lathe/files";
import type { RowColumns } from "@lathe/data";
import type { GenerationDefaults } from "@lathe/model";
import type { Engine } from "@lathe/tensor";
import type { ParameterTable } from "@lathe/peft";
import type { BadStep, LossSpike, LossStall, PassedOverCheckpoint, PlacedRows } from "@lathe/train";
import type { OutOfMemoryReason } from "./survive/out-of-memory.js";
import type { MaskReport } from "./rows/mask-report.js";
import type { PlanCorrection } from "./memory/plan-correction.js";
import type { MemoryPlan } from "./memory/plan-memory.js";
import type { StreamPlan } from "./memory/plan-stream.js";

/** The longer works of recipes, whose progress is told. */
export type RecipePhase =
  | "downloading"
  | "reading"
  | "writing"
  | "loading"
  | "evaluating"
  | "scoring"
  | "generating"
  | "judging"
  | "merging"
  | "exporting"
  | "importing"
  | "quantising"
  | "calibrating"
  | "comparing"
  | "pruning"
  | "answering"
  | "hashing"
  | "verifying";

/** How far a longer work is. */
export interface ProgressEvent {
  readonly type: "progress";
  readonly phase: RecipePhase;
  /** Units done and in all: bytes of `downloading` and `reading`, rows, tensors, or replies. */
  readonly done: number;
  readonly total: number;
  /** Name of the tensor at hand, in `quantising` and `pruning`; the address in `downloading`. */
  readonly item?: string;
  /** Rows read so far and those of them that were kept, in `reading`. */
  readonly rows?: { readonly read: number; readonly kept: number };
}

/** What became of rows that are not used as they are. */
export interface RowsEvent {
  readonly type: "rows";
  /** The file, or the field by which the rows came. */
  readonly source: string;
  /**
   * - `rejected`: unusable and set aside, listed in `list` where there is one.
   * - `unscored`: without a label to learn from within the limit, left out.
   * - `truncated`: cut to `limit` tokens.
   * - `overlong`: longer than `limit` tokens and not to be cut, left out.
   * - `long`: longer than the `limit` of tokens that the model is meant to read, scored all the same.
   * - `without-reply`: nothing to generate, only scored.
   */
  readonly outcome: "rejected" | "unscored" | "truncated" | "overlong" | "long" | "without-reply";
  readonly count: number;
  /** Rows of the source. */
  readonly total: number;
  /** Tokens. */
  readonly limit?: number;
  /** File with the rows that were set aside. */
  readonly list?: string;
}

/** What is told of an engine that was started. */
export type EngineFacts = Pick<
  Engine,
  "name" | "description" | "descriptionPhrase" | "precision" | "passedOver"
>;

/**
 * What a recipe tells on the way, as data: the caller chooses the words.
 *
 * - `engine`: the engine that was started, and those it was preferred to.
 * - `columns`: what the columns of a file are taken for, before anything else happens; `isKept` where the others stay with the rows.
 * - `parameters`: what will be trained.
 * - `mask`: what is learnt of the rows, before the first step.
 * - `memory`: the plan that chose which layers are computed again; `isGiven` where `memory` was.
 * - `streaming`: the plan of a run whose weights stay on disk; `isAsked` where `stream` was, else memory does not hold them.
 * - `out-of-memory`: memory ran out, and a fresh process goes on with these fields changed, by their paths.
 * - `plan-corrected`: what the run takes by its first steps, beside what was planned.
 * - `passed-over`: a damaged checkpoint that a resumed run does not go on from.
 * - `killed`: a process that tries whether a run can be resumed was killed, the so-manieth of so many; its run has so many checkpoints.
 * - `resuming`: a run goes on after a step, with the settings of its `config.json`.
 * - `paused`, `unpaused`: a run waits after a step, and goes on, as its `control` says.
 * - `dealt`: several ranks are dealt other shares of each step from the next one on, by how fast each of them is.
 * - `bad-step`: a step was not applied, as its loss or a gradient is not finite; `value` is what it is instead.
 * - `spike`: the loss of a step leaps up over those before it; of several in a row, the first.
 * - `stalled`: the loss has not fallen since the run began, with what may help.
 * - `sampling`: what the model's `generation_config.json` asks for and was taken, and keys of it that are not followed.
 * - `warning`: a sentence of a package below about something that is allowed and hardly meant.
 */
export type RecipeEvent =
  | ProgressEvent
  | RowsEvent
  | { readonly type: "engine"; readonly engine: EngineFacts }
  | ({ readonly type: "columns"; readonly source: string; readonly isKept: boolean } & RowColumns)
  | { readonly type: "parameters"; readonly parameters: ParameterTable }
  | { readonly type: "mask"; readonly report: MaskReport }
  | { readonly type: "memory"; readonly plan: MemoryPlan; readonly isGiven: boolean }
  | { readonly type: "streaming"; readonly plan: StreamPlan; readonly isAsked: boolean }
  | {
      readonly type: "out-of-memory";
      readonly reason: OutOfMemoryReason;
      readonly settings: Readonly<Record<string, string | number>>;
    }
  | { readonly type: "plan-corrected"; readonly correction: PlanCorrection }
  | {
      readonly type: "killed";
      readonly kill: number;
      readonly kills: number;
      readonly checkpoints: number;
      /** Folder of the run, which goes on when the event has been heard. */
      readonly run: string;
    }
  | ({ readonly type: "passed-over" } & PassedOverCheckpoint)
  | {
      readonly type: "resuming";
      readonly step: number;
      readonly settings: Readonly<Record<string, unknown>>;
    }
  | { readonly type: "paused" | "unpaused"; readonly step: number }
  | { readonly type: "dealt"; readonly shares: readonly number[] }
  | ({ readonly type: "bad-step"; readonly step: number; readonly value: number } & BadStep)
  | ({ readonly type: "spike"; readonly step: number; readonly loss: number } & LossSpike & PlacedRows)
  | ({ readonly type: "stalled"; readonly step: number; readonly maxGradNorm: number } & LossStall)
  | ({ readonly type: "sampling" } & GenerationDefaults)
  | { readonly type: "warning"; readonly message: string; readonly phrase: Phrase };

/** Takes what a recipe tells. */
export type OnRecipeEvent = (event: RecipeEvent) => void;

/** How a recipe tells its progress, and can be ended. */
export interface RecipeHooks {
  /** Receives notices, warnings and progress. */
  readonly onEvent?: OnRecipeEvent | undefined;
  /** Ends the work early. */
  readonly signal?: AbortSignal | undefined;
}

/** Tells the progress of a phase. */
export function progressOf(
  onEvent: OnRecipeEvent | undefined,
  phase: RecipePhase,
): (done: number, total: number) => void {
  return (done, total) => onEvent?.({ type: "progress", phase, done, total });
}

/** Passes on what a package below warns of. */
export function warningOf(onEvent: OnRecipeEvent | undefined): OnWarning {
  return (warning) => onEvent?.({ type: "warning", message: sayPhrase(warning), phrase: asPhrase(warning) });
}
