import type { StepReport } from "@lathe/train";
import type { FinetuneSummary } from "../finetune.js";
import type { FinetuneOptions } from "../finetune-options.js";
import type { RecipeEvent } from "../recipe-event.js";
import type { CarriedError } from "./carried-error.js";
import type { RunOrder } from "./run-control.js";

/** What the thread or the process of a run is asked: for a step or, where the loop was left, to free what the run holds. */
export type HostRequest =
  | { readonly type: "begin"; readonly options: FinetuneOptions }
  | { readonly type: "next" }
  | { readonly type: "return" }
  | { readonly type: "order"; readonly order: RunOrder };

/** What it tells: events at any time, and an answer to every `next` and `return`. */
export type HostMessage =
  | { readonly type: "event"; readonly event: RecipeEvent }
  | { readonly type: "step"; readonly report: StepReport }
  | { readonly type: "end"; readonly summary: FinetuneSummary }
  | { readonly type: "left" }
  | {
      readonly type: "fault";
      readonly error: CarriedError;
      /** Whether it is the reason of the abort that was asked for, which the asking side has itself. */
      readonly isAbort: boolean;
    };
