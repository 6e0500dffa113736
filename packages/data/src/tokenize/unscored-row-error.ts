import { field, phrase } from "@lathe/files";
import { RowError } from "../rows/row-error.js";
import type { RowPlace } from "../read/row-place.js";

/** A row has no token whose prediction would be scored, at all or within the token limit. */
export class UnscoredRowError extends RowError {
  override readonly name = "UnscoredRowError";
  /**
   * @param tokens length of the whole row in tokens
   * @param maxTokens the limit that cut every scored token off; null when the row had none to begin with
   */
  constructor(
    readonly tokens: number,
    readonly maxTokens: number | null,
    place?: RowPlace,
  ) {
    super(
      null,
      maxTokens === null
        ? phrase`none of the ${tokens} tokens is scored: there is no reply to learn from`
        : phrase`the row has ${tokens} tokens and its reply begins after the limit of ${maxTokens}; raise ${field("maxTokens")} or shorten the prompt`,
      place,
    );
  }
}
