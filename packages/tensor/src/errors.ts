import { asPhrase, InputError, type Phrase, phrase, sayPhrase, SpokenError } from "@lathe/files";

/** An operation was given a tensor of the wrong shape. */
export class ShapeError extends SpokenError {
  override readonly name = "ShapeError";
  constructor(
    readonly operation: string,
    readonly expected: string,
    readonly actual: readonly number[],
  ) {
    super(phrase`${operation}: expected ${expected}, got ${`[${actual.join(", ")}]`}`);
  }
}

/** The engine in use has no kernel of its own for an operation that has no portable form. */
export class MissingKernelError extends SpokenError {
  override readonly name = "MissingKernelError";
  /** What there is no kernel for. */
  readonly what: string;
  /** @param what there is no kernel for, in a few words */
  constructor(
    readonly engine: string,
    readonly operation: string,
    what: string | Phrase,
  ) {
    super(phrase`${operation}: engine ${engine} has no kernel for ${asPhrase(what)}`);
    this.what = sayPhrase(what);
  }
}

/** A block that is computed again uses a tensor of the enclosing computation that is not among its inputs. */
export class OutsideTensorError extends SpokenError {
  override readonly name = "OutsideTensorError";
  /** @param shape of that tensor */
  constructor(readonly shape: readonly number[]) {
    super(
      phrase`recompute: the block uses a tensor ${`[${shape.join(", ")}]`} of the enclosing computation that is not among its inputs; its gradient would be lost. Pass it as an input.`,
    );
  }
}

/** A function needs a package that is an optional peer of this one and is not installed. */
export class MissingPackageError extends SpokenError {
  override readonly name = "MissingPackageError";
  /** What the package is needed for, as the rest of a sentence. */
  readonly purpose: string;
  constructor(
    /** Function that needs it. */
    readonly caller: string,
    readonly packageName: string,
    /** Version to install. */
    readonly version: string,
    purpose: string | Phrase,
    options?: ErrorOptions,
  ) {
    const install = `npm install ${packageName}@${version}`;
    super(
      phrase`${caller}: ${asPhrase(purpose)} in the package ${packageName}, which is not installed; install it: ${install}`,
      options,
    );
    this.purpose = sayPhrase(purpose);
  }
}

/** A handle of a device was used outside of the computation that made it. */
export class HandleError extends SpokenError {
  override readonly name = "HandleError";
  /** @param handle its number; null where one was to be made and no computation is under way */
  constructor(readonly handle: number | null) {
    super(
      handle === null
        ? phrase`handles are made within ${"TensorFlowDevice.compute"}`
        : phrase`handle ${handle} is not of this computation; keep it there, or use it before its end`,
    );
  }
}

/** A function of one engine was called while another is in use. */
export class WrongEngineError extends SpokenError {
  override readonly name = "WrongEngineError";
  constructor(
    /** Engines that the function is of. */
    readonly expected: readonly string[],
    /** The engine in use. */
    readonly actual: string,
  ) {
    super(
      phrase`expected one of the engines ${expected.join(", ")} to be in use, got ${actual}; start one of them`,
    );
  }
}

/** A kernel asks to keep an activation although no tape records that would own it. */
export class NoTapeError extends SpokenError {
  override readonly name = "NoTapeError";
  /** @param engine whose kernel asked */
  constructor(readonly engine: string) {
    super(
      phrase`engine ${engine}: an activation is kept only where a tape records; ask for gradients within ${"withTape"}`,
    );
  }
}

/** An engine is unknown, or cannot run on this machine. */
export class EngineError extends InputError {
  override readonly name = "EngineError";
  constructor(
    readonly engine: string,
    message: string | Phrase,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
