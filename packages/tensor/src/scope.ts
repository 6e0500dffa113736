import type { Tape } from "./tape.js";

/** What dropout masks are drawn from: the same key gives the same masks, so a step can be run again or resumed. */
export interface DropoutKey {
  readonly seed: number;
  /** Optimiser step. */
  readonly step: number;
  /** Micro-batch within the step. */
  readonly microBatch: number;
}

interface Scope {
  readonly tape: Tape | null;
  /** Null outside training: dropout then passes its input on. */
  readonly dropoutKey: DropoutKey | null;
}

let current: Scope = { tape: null, dropoutKey: null };

function within<T>(scope: Scope, body: () => T): T {
  const outer = current;
  current = scope;
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new TypeError(
        "withTape, withDropout: expected a synchronous body; an async one outlives its scope",
      );
    }
    return result;
  } finally {
    current = outer;
  }
}

/** Runs a synchronous body whose operations are recorded on the tape, or on none. */
export function withTape<T>(tape: Tape | null, body: () => T): T {
  return within({ ...current, tape }, body);
}

/** Runs a synchronous body in which dropout draws its masks from the key; null switches dropout off. */
export function withDropout<T>(dropoutKey: DropoutKey | null, body: () => T): T {
  return within({ ...current, dropoutKey }, body);
}

/** The tape that operations record on, if any. */
export function activeTape(): Tape | null {
  return current.tape;
}

/** The key of the enclosing {@link withDropout}, if any. */
export function activeDropoutKey(): DropoutKey | null {
  return current.dropoutKey;
}
