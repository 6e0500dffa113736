import { InputError, phrase, SpokenError } from "@lathe/files";

/** A kernel needs more memory than the SIMD module may take, or than the machine gives. */
export class SimdMemoryError extends SpokenError {
  override readonly name = "SimdMemoryError";
  constructor(
    /** Bytes that the call needs. */
    readonly bytes: number,
    /** Bytes that it may take. */
    readonly limit: number,
    options?: ErrorOptions,
  ) {
    super(
      phrase`kernels in WebAssembly: expected to need at most ${limit} bytes, this call needs ${bytes}; use shorter sequences or another engine`,
      options,
    );
  }
}

/** `LATHE_THREADS` is no count of threads. */
export class ThreadCountError extends InputError {
  override readonly name = "ThreadCountError";
  /** @param value of the setting */
  constructor(readonly value: string) {
    super(phrase`${"LATHE_THREADS"}: expected a count of threads from 1 on, got "${value}"`);
  }
}

/** A level of processor features is unknown, or not one of this processor. */
export class CpuLevelError extends InputError {
  override readonly name = "CpuLevelError";
  constructor(
    /** The level that was asked for. */
    readonly level: string,
    /** Levels that this processor can run, the best first. */
    readonly levels: readonly string[],
    /** Levels that the addon was compiled for. */
    readonly compiledLevels: readonly string[],
  ) {
    super(
      compiledLevels.includes(level)
        ? phrase`level of processor features ${level}: this processor does not have it; it has ${levels.join(", ")}`
        : phrase`level of processor features: expected one of ${compiledLevels.join(", ")}, got "${level}"`,
    );
  }
}
