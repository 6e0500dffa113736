const inputError: unique symbol = Symbol.for("@lathe/input-error") as never;

/** A setting of a run is impossible. */
export class TrainConfigError extends Error {
  override readonly name = "TrainConfigError";
  readonly [inputError] = true;
  constructor(
    readonly key: string,
    readonly expected: string,
    readonly actual: unknown,
  ) {
    super(`${key}: expected ${expected}, got ${String(actual)}`);
  }
}

/** A row cannot be trained or evaluated on. */
export class RowsError extends Error {
  override readonly name = "RowsError";
  readonly [inputError] = true;
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
export class RunFolderError extends Error {
  override readonly name = "RunFolderError";
  readonly [inputError] = true;
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
