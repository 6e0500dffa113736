import { asPhrase, field, InputError, type Phrase, phrase } from "@lathe/files";
import type { RowPlace } from "../read/row-place.js";

/** Too large a share of the input is malformed or of no known row shape. */
export class RejectedRowsError extends InputError {
  override readonly name = "RejectedRowsError";
  /**
   * @param read rows read
   * @param invalid rows that were malformed or of no known shape
   * @param limit the share of such rows that is tolerated, 0 to 1
   * @param examples the first of them
   */
  constructor(
    readonly read: number,
    readonly invalid: number,
    readonly limit: number,
    readonly examples: readonly (RowPlace & { readonly reason: string | Phrase })[],
  ) {
    const percent = Number((limit * 100).toPrecision(6));
    const fault = phrase`${invalid} of ${read} rows cannot be used, more than the limit of ${percent} %; nothing was written. Correct the files or raise ${field("rejectLimit")}. The first of them:`;
    super(
      examples.reduce(
        (above, { file, line, reason }) => phrase`${above}\n  ${file}:${line}: ${asPhrase(reason)}`,
        fault,
      ),
    );
  }
}
