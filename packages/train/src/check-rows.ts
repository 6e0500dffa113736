import { createHash } from "node:crypto";
import { breathe } from "./breathe.js";
import { RowsError, TrainConfigError } from "./errors.js";
import type { Objective } from "./objective.js";
import type { RowSource } from "./row-source.js";

/** Rows between two chances for the rest of the process, and for an interrupt. */
const ROWS_AT_ONCE = 1024;

/** How rows are checked. */
export interface CheckRowsOptions<Row> {
  /** Says what is wrong with a row, and what it is known by. */
  readonly objective: Pick<Objective<Row, unknown>, "rowFault" | "rowBytes">;
  /** Ends the pass early. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to compute a hash of the rows; one that the source brings is taken instead. */
  readonly hash?: boolean;
}

/**
 * Reads all rows once: the objective must find no fault with any.
 *
 * @param key names the rows in messages
 * @returns the hash of the rows ("" where none is asked for); null if the signal aborted
 * @throws TrainConfigError if there are no rows, RowsError naming the first row that is wrong
 */
export async function checkRows<Row>(
  rows: RowSource<Row>,
  key: "rows" | "validation",
  { objective, signal, hash: wantsHash = false }: CheckRowsOptions<Row>,
): Promise<string | null> {
  if (rows.length === 0 && key === "rows") throw new TrainConfigError("rows", "at least one row", "none");
  const hash = wantsHash && rows.fingerprint === undefined ? createHash("sha256") : null;
  for (let index = 0; index < rows.length; index++) {
    if (index % ROWS_AT_ONCE === 0) {
      await breathe();
      if (signal?.aborted) return null;
    }
    const row = rows.row(index);
    const fault = objective.rowFault(row);
    if (fault !== null) throw new RowsError(key, index, fault);
    if (hash) for (const bytes of objective.rowBytes(row)) hash.update(bytes);
  }
  if (!wantsHash) return "";
  return rows.fingerprint ?? hash!.digest("hex");
}
