import type { Phrase } from "@lathe/files";
import type { WeightFormat } from "@lathe/quant";
import type { Candidate } from "./candidate.js";

/** A short run that a candidate was compared by. */
export interface Trial extends Candidate {
  /** Round of the search, from 1. */
  readonly round: number;
  /** Optimiser steps. */
  readonly steps: number;
  /** Loss on the rows that all are compared on, in nats a label; null where the trial failed. */
  readonly validationLoss: number | null;
  readonly seconds: number;
  /** What it failed by; null where it did not. */
  readonly fault: Phrase | null;
}

/** A candidate that could not be tried. */
export interface Excluded extends Candidate {
  readonly reason: Phrase;
}

/** The settings that won, in full. */
export interface ChosenSettings extends Candidate {
  /** Rows at a time. */
  readonly batchSize: number;
  /** What the frozen weights are packed in. */
  readonly quantize: WeightFormat;
  /** Optimiser steps. */
  readonly steps: number;
  /** Passes over the rows. */
  readonly epochs: number;
}
