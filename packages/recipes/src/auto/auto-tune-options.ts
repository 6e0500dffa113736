import type { Translations } from "@lathe/files";
import type { ReportLanguage } from "@lathe/report";
import type { RecipeHooks } from "../recipe-event.js";
import type { EngineOptions } from "../model/open-model.js";
import type { RowsInput } from "../rows/rows-input.js";
import type { LearntOptions } from "../rows/training-rows.js";

/** What `autoTune` learns from what, and how long it may take. */
export interface AutoTuneOptions extends Omit<EngineOptions, "quantize">, RecipeHooks, LearntOptions {
  /** Model folder. */
  readonly model: string;
  /** Rows to learn. */
  readonly data: RowsInput;
  /** Rows to compare settings on. @defaultValue every tenth block of eight rows of `data` is set apart */
  readonly validation?: RowsInput | undefined;
  /** Time for all of it, in seconds of `clock`. It is exceeded by no more than a step, an evaluation and the writing of the result. */
  readonly time: number;
  /** Seconds since some moment. @defaultValue the time of day's steady clock */
  readonly clock?: (() => number) | undefined;
  /** Folder of the result: `run`, a run with the best settings; `auto.json` and `auto.html`; `rows`, tokens of the rows. */
  readonly output: string;
  /** Replaces an earlier result in `output`. @defaultValue false */
  readonly overwrite?: boolean | undefined;
  /** Order of rows, dropout and initial adapters follow from it, and which rows are set apart. @defaultValue 0 */
  readonly seed?: number | undefined;
  /** Longest row in tokens. @defaultValue what the model can read */
  readonly maxTokens?: number | undefined;
  /** Share of unusable rows, 0 to 1, beyond which nothing is trained. @defaultValue 0.05 */
  readonly rejectLimit?: number | undefined;
  /** What the process may take in all: bytes, or a size such as `"8GB"`. @defaultValue what is free */
  readonly memory?: number | string | undefined;
  /** Language of the pages. @defaultValue "en" */
  readonly language?: ReportLanguage | undefined;
  /** Sentences of the page in that language, by those in English; what has none stays English. */
  readonly translations?: Translations | undefined;
}
