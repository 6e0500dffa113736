import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { markDone } from "@lathe/distributed";
import { lockWithin, takeLock } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/folders.js";
import { launchedRun } from "./launched-run.js";

const program = (beginning: string): string[] => [beginning];

async function begin(output: string, steps: readonly number[]): Promise<void> {
  for (const step of steps) await mkdir(join(output, "checkpoints", `step-${step}`), { recursive: true });
  await writeFile(join(output, "config.json"), "{}");
}

describe("a run that ranks are launched for", () => {
  it("begins as asked, again anew until it has its settings, and goes on from then", async () => {
    const output = join(await temporaryFolder(), "run");
    const run = await launchedRun({ output, overwrite: false, program });
    expect(await run.program(false)).toEqual(["as-asked"]);
    expect(await run.program(true)).toEqual(["anew"]);
    expect(await run.newestStep()).toBeNull();
    await begin(output, [3, 12]);
    expect(await run.program(true)).toEqual(["resume"]);
    expect(await run.newestStep()).toBe(12);
  });

  it("goes on from the first launch where it is asked to, and begins where nothing is there", async () => {
    const output = join(await temporaryFolder(), "run");
    const run = await launchedRun({ output, overwrite: false, goesOn: true, program });
    expect(await run.program(false)).toEqual(["as-asked"]);
    await begin(output, [3]);
    expect(await run.program(false)).toEqual(["resume"]);
  });

  it("does not take a run that is to be replaced for its own", async () => {
    const output = join(await temporaryFolder(), "run");
    await begin(output, [40]);
    const run = await launchedRun({ output, overwrite: true, program });
    expect(await run.newestStep()).toBeNull();
    expect(await run.program(true)).toEqual(["anew"]);
    await rm(output, { recursive: true });
    await begin(output, [2]);
    expect(await run.newestStep()).toBe(2);
    expect(await run.program(true)).toEqual(["resume"]);
  });

  it("is done by the mark of its launch alone", async () => {
    const output = await temporaryFolder();
    const run = await launchedRun({ output, overwrite: false, program });
    expect(await run.isDone("one")).toBe(false);
    await markDone(output, "one");
    expect(await run.isDone("one")).toBe(true);
    expect(await run.isDone("two")).toBe(false);
    await writeFile(join(output, "DONE"), "no JSON");
    expect(await run.isDone("one")).toBe(false);
  });

  it("is refused where another run lies there, which a later launch would take for its own", async () => {
    const output = join(await temporaryFolder(), "run");
    await begin(output, [40]);
    await expect(launchedRun({ output, overwrite: false, program })).rejects.toThrow("exists already");
    for (const how of [{ goesOn: true }, { resumes: true }]) {
      const run = await launchedRun({ output, overwrite: false, ...how, program });
      expect(await run.newestStep()).toBe(40);
    }
    const unbegun = join(await temporaryFolder(), "run");
    await mkdir(join(unbegun, "checkpoints"), { recursive: true });
    const run = await launchedRun({ output: unbegun, overwrite: false, goesOn: true, program });
    expect(await run.program(false)).toEqual(["as-asked"]);
  });

  it("takes back what a rank held whose machine is lost, and nothing of others", async () => {
    const output = await temporaryFolder();
    const claim = (digit: string): string => join(lockWithin(output), `${digit.repeat(8)}-77-0-00000000`);
    const run = await launchedRun({ output, overwrite: false, settleSeconds: 0.1, program });
    await mkdir(lockWithin(output));
    await writeFile(claim("1"), "");
    await run.program(false);
    await writeFile(claim("2"), "");
    await run.settle(AbortSignal.abort());
    expect(existsSync(claim("2"))).toBe(true);
    await run.settle();
    expect([existsSync(claim("1")), existsSync(claim("2"))]).toEqual([true, false]);
  });

  it("settles when nobody writes it any more", async () => {
    const output = await temporaryFolder();
    const run = await launchedRun({ output, overwrite: false, program });
    const lock = await takeLock(lockWithin(output), output);
    let isSettled = false;
    const settled = run.settle().then(() => (isSettled = true));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(isSettled).toBe(false);
    await lock.release();
    await settled;
  });
});
