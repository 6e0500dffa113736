import { listEngines } from "./index.js";

/** Helpers of this package's tests. */

export { centralDifferences } from "../testing/central-differences.js";
export { seededFloats } from "../testing/seeded-floats.js";

/** Largest |a − b| / (1 + |b|); NaN differs from everything. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i] - b[i]) / (1 + Math.abs(b[i]));
    if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
  }
  return worst;
}

/** Names of the engines that run on this machine, the reference first. */
export async function enginesHere(): Promise<readonly string[]> {
  const names = ["cpu"];
  for (const { name, probe } of listEngines()) {
    if (name !== "cpu" && (await probe()) === null) names.push(name);
  }
  return names;
}
