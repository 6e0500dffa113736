import { InputError } from "@lathe/files";

/** An operation was given a tensor of the wrong shape. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
  constructor(
    readonly operation: string,
    readonly expected: string,
    readonly actual: readonly number[],
  ) {
    super(`${operation}: expected ${expected}, got [${actual.join(", ")}]`);
  }
}

/** An engine is unknown, or cannot run on this machine. */
export class EngineError extends InputError {
  override readonly name = "EngineError";
  constructor(
    readonly engine: string,
    message: string,
  ) {
    super(message);
  }
}
