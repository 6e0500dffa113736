import { scoreBatches } from "@lathe/eval";
import type { RowRange } from "@lathe/model";
import { TrainConfigError } from "./errors.js";
import type { StepMeasures } from "./measures.js";
import type { Objective } from "./objective.js";
import { plainLosses, type PlainLossOptions } from "./plain-loss.js";
import type { Reduce } from "./reduce.js";
import type { RowSource } from "./row-source.js";
import { Tally } from "./tally.js";

/** What an evaluation came to. */
export interface Evaluation {
  /** Mean loss a unit. */
  readonly loss: number;
  readonly measures: StepMeasures;
}

/** How {@link validate} computes. */
export interface ValidateOptions extends Omit<PlainLossOptions, "add"> {
  /** Which rows are computed at a time, one batch after the other. */
  readonly batches: readonly RowRange[];
  /** Batches that pass a layer before the next, in a walk: each has its residual stream in memory meanwhile. @defaultValue 1 */
  readonly walkedBatches?: number | undefined;
  /** Numbers of so many batches that this process computes. @defaultValue all */
  readonly share?: ((batches: number) => readonly number[]) | undefined;
  /** Adds up what several processes have of it. */
  readonly reduce?: Reduce | undefined;
  readonly onProgress?: ((rowsDone: number, rows: number) => void) | undefined;
}

/**
 * Mean loss a unit of the rows and what the objective reports beside it, without gradients or dropout.
 * @throws TrainConfigError if there is no unit in them
 * @throws the signal's reason when it aborts
 */
export async function validate<Row, Batch>(
  objective: Objective<Row, Batch>,
  rows: RowSource<Row>,
  options: ValidateOptions,
): Promise<Evaluation> {
  const { walk, walkedBatches = 1, forecast, share, reduce, signal, onProgress } = options;
  // What one process leaves off, the others would wait for.
  const whoStops = reduce ? undefined : signal;
  const tally = new Tally(objective.measures);
  const losses: number[] = [];
  const planned = share
    ? share(options.batches.length).map((number) => options.batches[number])
    : options.batches;
  const { rows: ownRows, ends } = rowsOf(rows, planned);
  const own = await scoreBatches(ownRows, {
    endOfBatch: (start) =>
      ends[Math.min(numberAfter(ends, start) + (walk ? walkedBatches : 1), ends.length) - 1],
    async score(some, start) {
      const batches: Batch[] = [];
      for (let number = numberAfter(ends, start), at = start; at < start + some.length; number++) {
        batches.push(...(await objective.batches([some.slice(at - start, ends[number] - start)])));
        at = ends[number];
      }
      losses.push(
        ...(await plainLosses(objective, batches, { walk, forecast, add: tally.add, signal: whoStops })),
      );
      return { sum: 0, units: batches.reduce((units, batch) => units + objective.size(batch).units, 0) };
    },
    signal: whoStops,
    onProgress,
  });
  // Added up batch after batch, however many passed together.
  const ownSum = losses.reduce((sum, loss) => sum + loss, 0);
  const ownSums = [ownSum, own.units, ...tally.numbers()];
  const [sum, units, ...measured] = reduce ? await reduce.numbers(ownSums) : ownSums;
  if (units === 0) throw new TrainConfigError("validation", "at least one scored label", "none");
  return { loss: sum / units, measures: tally.report(measured) };
}

/** The rows of some batches, one batch after the other, and where among them each batch ends. */
function rowsOf<Row>(
  rows: RowSource<Row>,
  batches: readonly RowRange[],
): { readonly rows: Pick<RowSource<Row>, "length" | "row">; readonly ends: readonly number[] } {
  const ends: number[] = [];
  for (const { start, end } of batches) ends.push((ends.at(-1) ?? 0) + end - start);
  const row = (index: number): Row => {
    const number = numberAfter(ends, index);
    return rows.row(batches[number].end - (ends[number] - index));
  };
  return { rows: { length: ends.at(-1) ?? 0, row }, ends };
}

/** The number of the batch that a row is in, by bisection: of the first one that ends behind it. */
function numberAfter(ends: readonly number[], row: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle] > row) high = middle;
    else low = middle + 1;
  }
  return low;
}
