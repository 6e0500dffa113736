import type { FinetuneOptions } from "../finetune-options.js";
import type { RecipeFault } from "../recipe-error.js";

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
  | {
      readonly type: "fault";
      readonly message: string;
      /** Whether the user can mend it. */
      readonly isInput: boolean;
      /** Where fields of the options are at fault. */
      readonly faults?: readonly RecipeFault[];
    };
