import type { CarriedError } from "../embed/carried-error.js";
import type { FinetuneOptions } from "../finetune-options.js";

/** A run that another process is asked for. */
export interface RunOrder {
  readonly options: FinetuneOptions;
  /** The run is interrupted once this step is done. */
  readonly steps: number;
}

/** What the process tells of its run. */
export type RunMessage =
  | { readonly type: "step"; readonly step: number; readonly seconds: number }
  | { readonly type: "end"; readonly step: number }
  | { readonly type: "fault"; readonly error: CarriedError };
