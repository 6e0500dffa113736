import { InputError } from "../errors/input-error.js";
import { asPhrase, phrase } from "../errors/phrase.js";

/** A file or folder that another process is writing. */
export class LockedError extends InputError {
  override readonly name = "LockedError";

  constructor(
    /** What is in use, as the caller named it. */
    readonly path: string,
    /** Number of the process that uses it. */
    readonly pid: number,
    /** Since when, in ISO 8601. */
    readonly since: string,
    /** File to remove by hand where the process cannot be asked, as it is of another machine; else null. */
    readonly claim: string | null,
  ) {
    const holder = pid === process.pid ? phrase`this process ${pid}` : phrase`process ${pid}`;
    const remedy =
      claim === null
        ? asPhrase("wait for it to end, or choose another output")
        : phrase`it is of another machine; if it runs no more, remove ${claim}`;
    super(phrase`${path}: is being written by ${holder} since ${since}; ${remedy}`);
  }
}
