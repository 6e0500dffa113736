import type { LatheGemmJob, LatheGemmOutcome } from "../gemm/gemm-job.js";
import { runContestant } from "../shared/run-contestant.js";
import { operationsOf, type StepProduct } from "./products-of-step.js";

/** What the products of a step take at the least on this machine. */
export interface StepLimit {
  /** Of the products, in a step. */
  readonly operations: number;
  /** All products of a step, each at the best speed that it was seen at alone. */
  readonly seconds: number;
  /** Operations a second at that. */
  readonly rate: number;
}

/** Runs measured of each product, and seconds after which one is not repeated any more. */
const REPEATS = 12;
const BUDGET = 1;

/**
 * Measures the products of a step alone, in a process of their own.
 * @returns null where the engine does not multiply in some of these ways by itself
 */
export async function measureLimit(
  products: readonly StepProduct[],
  engine: string,
  precision: string,
): Promise<StepLimit | null> {
  let seconds = 0;
  for (const direction of ["forward", "gradient"] as const) {
    for (const format of new Set(products.map((product) => product.format))) {
      const shapes = products.filter(
        (product) => product.direction === direction && product.format === format,
      );
      if (shapes.length === 0) continue;
      const job: LatheGemmJob = {
        engine,
        direction,
        shapes,
        kinds: [{ format, precision }],
        repeats: REPEATS,
        budget: BUDGET,
      };
      const { products: measured, passedOver } = await runContestant<LatheGemmOutcome>("gemm", job);
      if (passedOver.length > 0) return null;
      measured.forEach((product, index) => {
        seconds += shapes[index].count * Math.min(...product.seconds);
      });
    }
  }
  const operations = operationsOf(products);
  return { operations, seconds, rate: operations / seconds };
}

/** The sentence that belongs to a result. @param step seconds that a step takes */
export function describeLimit({ operations, seconds, rate }: StepLimit, step: number): string {
  return (
    `The products that a step cannot do without are ${(operations / 1e9).toFixed(1)} · 10⁹ operations, which take ` +
    `${(seconds * 1000).toFixed(0)} ms alone, at ${(rate / 1e9).toFixed(0)} · 10⁹ a second: the step reaches ` +
    `${((100 * seconds) / step).toFixed(0)} % of the limit.`
  );
}
