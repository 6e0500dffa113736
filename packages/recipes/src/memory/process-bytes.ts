/** What a run adds to its process besides weights and steps: code that is compiled, threads of the kernels, what products work in. */
const RUN_BYTES = 10e6;

/**
 * Bytes of this process without weights and steps, as a plan takes them: to be asked once the rows are read and before the weights are.
 *
 * @param asked bytes, or `"measured"` for what the process takes by then and what a run adds
 * @returns undefined where nothing was asked
 */
export function processBytesOf(asked: number | "measured" | undefined): number | undefined {
  return asked === "measured" ? process.memoryUsage.rss() + RUN_BYTES : asked;
}
