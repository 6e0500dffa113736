import { InputError } from "@lathe/files";

/** Something about pruning that cannot be done as asked. */
export class PruneError extends InputError {
  override readonly name = "PruneError";

  constructor(
    /** What is at fault: an option, or the name of a tensor. */
    readonly subject: string,
    readonly expected: string,
    readonly actual: string,
    remedy?: string,
  ) {
    super(`${subject}: expected ${expected}, got ${actual}${remedy === undefined ? "" : `; ${remedy}`}`);
  }
}
