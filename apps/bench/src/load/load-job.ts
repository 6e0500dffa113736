import type { WeightFormat } from "@lathe/quant";

/** Lathe's process: opens a folder and takes a prompt in. */
export interface LatheLoadJob {
  readonly engine: string;
  readonly folder: string;
  readonly format: WeightFormat;
  readonly prompt: readonly number[];
}

/** When what was done, in milliseconds since 1970, so that the process that started this one can tell how long it took. */
export interface LoadOutcome {
  /** When the program's modules were there. */
  readonly importedAt: number;
  /** When the model was there. */
  readonly loadedAt: number;
  /** When the first token was there. */
  readonly firstTokenAt: number;
  readonly peakResidentBytes: number;
}

/** What Lathe's process did. */
export interface LatheLoadOutcome extends LoadOutcome {
  readonly engine: string;
  readonly engineDescription: string;
}
