import { createRequire } from "node:module";

/** The parts of jStat that are used; the package has no declarations of its own. */
interface Distributions {
  readonly normal: { cdf(x: number, mean: number, standardDeviation: number): number };
  readonly studentt: { cdf(x: number, degreesOfFreedom: number): number };
}

let loaded: Distributions | undefined;

/** Loaded when a p-value is asked for, which most users of the package never do. */
function distributions(): Distributions {
  return (loaded ??= (createRequire(import.meta.url)("jstat") as { readonly jStat: Distributions }).jStat);
}

/** The share of the standard normal distribution below `x`. */
export const normalShareBelow = (x: number): number => distributions().normal.cdf(x, 0, 1);

/** The share of Student's t distribution below `x`. */
export const studentShareBelow = (x: number, degreesOfFreedom: number): number =>
  distributions().studentt.cdf(x, degreesOfFreedom);
