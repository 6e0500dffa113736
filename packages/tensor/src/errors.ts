import { InputError, type Phrase } from "@lathe/files";

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

/** The engine in use has no kernel of its own for an operation that has no portable form. */
export class MissingKernelError extends Error {
  override readonly name = "MissingKernelError";
  constructor(
    readonly engine: string,
    readonly operation: string,
    /** What there is no kernel for, in a few words. */
    readonly what: string,
  ) {
    super(`${operation}: engine ${engine} has no kernel for ${what}`);
  }
}

/** A block that is computed again uses a tensor of the enclosing computation that is not among its inputs. */
export class OutsideTensorError extends Error {
  override readonly name = "OutsideTensorError";
  /** @param shape of that tensor */
  constructor(readonly shape: readonly number[]) {
    super(
      `recompute: the block uses a tensor [${shape.join(", ")}] of the enclosing computation that is not among its inputs; ` +
        "its gradient would be lost. Pass it as an input.",
    );
  }
}

/** An engine is unknown, or cannot run on this machine. */
export class EngineError extends InputError {
  override readonly name = "EngineError";
  constructor(
    readonly engine: string,
    message: string | Phrase,
  ) {
    super(message);
  }
}
