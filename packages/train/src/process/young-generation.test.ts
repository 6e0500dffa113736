import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { smallYoungGeneration } from "./young-generation.js";

/** Makes objects that live through a few collections, and gives the largest size of the young generation, in bytes. */
const churn = `
  const { getHeapSpaceStatistics } = await import("node:v8");
  let kept = [];
  let most = 0;
  for (let index = 0; index < 1e6; index++) {
    kept.push({ index, list: [index] });
    if (kept.length > 20_000) kept = kept.slice(10_000);
    if (index % 1000 !== 0) continue;
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    most = Math.max(most, young.physical_space_size);
  }
`;

/** Keeps many objects for a while, then makes as many that go at once, and gives by how much those fill the place of old ones, in bytes. */
const passing = `
  const { getHeapSpaceStatistics } = await import("node:v8");
  const make = (index) => [index, index + 1, index + 2, index + 3];
  const oldBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space").space_used_size;
  let kept = Array.from({ length: 300_000 }, (_, index) => make(index));
  kept = [];
  const before = oldBytes();
  let most = 0;
  for (let index = 0; index < 500_000; index++) {
    kept[index % 100] = make(index);
    if (index % 1000 === 0) most = Math.max(most, oldBytes() - before);
  }
`;

async function mostInProcess(
  before: string,
  execArgv: readonly string[] = [],
  work: string = churn,
): Promise<number> {
  const program = `${before}\n${work}\nconsole.log(most);`;
  const words = [...execArgv, "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return Number(stdout);
}

function mostInThread(resourceLimits: object): Promise<number> {
  const program = `(async () => { ${churn}; require("node:worker_threads").parentPort.postMessage(most); })()`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { eval: true, execArgv: [], resourceLimits });
    worker.once("message", resolve).once("error", reject);
  });
}

describe("a small young generation", () => {
  // The built module: the flag is the whole process's, so that another one has to import it.
  const built = new URL("../../dist/process/index.js", import.meta.url).href;
  const keepSmall = `(await import(${JSON.stringify(built)})).keepYoungGenerationSmall();`;

  it("stays below a quarter of what the process takes without", async () => {
    const usual = await mostInProcess("");
    expect(await mostInProcess(keepSmall)).toBeLessThan(usual / 4);
    expect(await mostInProcess("", smallYoungGeneration.execArgv)).toBeLessThan(usual / 4);
  });

  it("has objects of a step go where V8 would make them old, after others that stayed", async () => {
    const [half] = smallYoungGeneration.execArgv;
    const usual = await mostInProcess("", [half], passing);
    expect(await mostInProcess(keepSmall, [half], passing)).toBeLessThan(usual / 4);
    expect(await mostInProcess("", smallYoungGeneration.execArgv, passing)).toBeLessThan(usual / 4);
  });

  it("stays below a quarter of what a thread takes without", async () => {
    const { resourceLimits } = smallYoungGeneration;
    expect(await mostInThread(resourceLimits)).toBeLessThan((await mostInThread({})) / 4);
  });
});
