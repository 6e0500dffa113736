import { phrase } from "@lathe/files";
import { RowError } from "../rows/row-error.js";
import type { RowPlace } from "../read/row-place.js";

/** A row has more tokens than the limit, and rows of that kind are not to be cut. */
export class OverlongRowError extends RowError {
  override readonly name = "OverlongRowError";
  /**
   * @param tokens length of the whole row in tokens
   * @param maxTokens the limit
   */
  constructor(
    readonly tokens: number,
    readonly maxTokens: number,
    place?: RowPlace,
  ) {
    super(null, phrase`the row has ${tokens} tokens, more than the limit of ${maxTokens}`, place);
  }
}
