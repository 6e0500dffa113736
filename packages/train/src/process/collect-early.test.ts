import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/**
 * Keeps 125 MB and lets forty times 4 MB become old and go, and gives the most that lay among old objects, as a multiple of what is
 * kept.
 */
const churn = `
  const { getHeapSpaceStatistics } = await import("node:v8");
  const oldBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space").space_used_size;
  const make = (count) => Array.from({ length: count }, (_, index) => ({ index, list: [index] }));
  const kept = make(1_200_000);
  let most = 0;
  for (let round = 0; round < 40; round++) {
    const passing = make(40_000);
    for (let index = 0; index < 200_000; index++) passing[index % 4000] = { index };
    most = Math.max(most, oldBytes());
  }
  gc();
  console.log(most / oldBytes(), kept.length);
`;

async function mostByKept(before: string): Promise<number> {
  // On one thread, as a collection beside the program ends the later, the busier the machine is, while the program fills the heap.
  const words = ["--single-threaded", "--expose-gc", "--input-type=module", "--eval", `${before}\n${churn}`];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return Number(stdout.split(" ")[0]);
}

it.each(["collectEarly", "keepHeapSmall"])("%s holds the heap near what is held", async (name) => {
  // The built module: the flags are the whole process's, so that another one has to import it.
  const built = new URL("../../dist/process/index.js", import.meta.url).href;
  // By itself V8 lets it grow to nearly twice as much.
  expect(await mostByKept(`(await import(${JSON.stringify(built)})).${name}();`)).toBeLessThan(1.5);
});
