import { scoreBatches } from "@lathe/eval";
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
  /** Rows at a time. */
  readonly batchSize: number;
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
  const { batchSize, walk, walkedBatches = 1, forecast, share, reduce, signal, onProgress } = options;
  // What one process leaves off, the others would wait for.
  const whoStops = reduce ? undefined : signal;
  const tally = new Tally(objective.measures);
  const losses: number[] = [];
  const own = await scoreBatches(share ? sharedRows(rows, batchSize, share) : rows, {
    endOfBatch: (start) => start + batchSize * (walk ? walkedBatches : 1),
    async score(some) {
      const batches: Batch[] = [];
      for (let start = 0; start < some.length; start += batchSize) {
        batches.push(...(await objective.batches([some.slice(start, start + batchSize)])));
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

/** The rows of some batches, one batch after the other; each but the last of all has the same number of rows. */
function sharedRows<Row>(
  rows: RowSource<Row>,
  batchSize: number,
  share: (batches: number) => readonly number[],
): Pick<RowSource<Row>, "length" | "row"> {
  const numbers = share(Math.ceil(rows.length / batchSize)).flatMap((batch) =>
    Array.from(
      { length: Math.min(batchSize, rows.length - batch * batchSize) },
      (_, index) => batch * batchSize + index,
    ),
  );
  return { length: numbers.length, row: (index) => rows.row(numbers[index]) };
}
