import { RowError, type RowPlace } from "@lathe/data";

/** An error of a row that does not say which, with the row's place; any other as it is. */
export function withPlace(error: unknown, place: RowPlace): unknown {
  if (!(error instanceof RowError) || error.place !== undefined) return error;
  return new RowError(error.key, error.problemPhrase, place, { cause: error });
}
