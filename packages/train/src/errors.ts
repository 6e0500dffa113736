import { InputError } from "@lathe/files";

/** A setting of a run is impossible. */
export class TrainConfigError extends InputError {
  override readonly name = "TrainConfigError";
  constructor(
    readonly key: string,
    readonly expected: string,
    readonly actual: unknown,
  ) {
    super(`${key}: expected ${expected}, got ${String(actual)}`);
  }
}

/** A row cannot be trained or evaluated on. */
export class RowsError extends InputError {
  override readonly name = "RowsError";
  constructor(
    /** Which rows: those of training or of validation. */
    readonly key: "rows" | "validation",
    /** Number of the row, from 0. */
    readonly row: number,
    readonly reason: string,
  ) {
    super(`${key === "rows" ? "" : `${key} `}row ${row}: ${reason}`);
  }
}

/** A run folder is in the way, is damaged, or belongs to another run. */
export class RunFolderError extends InputError {
  override readonly name = "RunFolderError";
  constructor(
    readonly path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${message}`, options);
  }
}

/** Training cannot go on: a loss or a gradient is not finite. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
  constructor(
    readonly step: number,
    readonly quantity: "loss" | "gradient norm",
    readonly value: number,
    remedy = "lower the learning rate, raise the warm-up steps, or look for broken rows in the data",
  ) {
    super(`step ${step}: the ${quantity} is ${value}; ${remedy}`);
  }
}
