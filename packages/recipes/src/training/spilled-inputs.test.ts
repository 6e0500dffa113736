import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { temporaryName } from "@lathe/files";
import { RunFolder } from "@lathe/train";
import { afterEach, expect, it, vi } from "vitest";
import { newRun, temporaryFolder } from "../testing/folders.js";
import { spilledInputs } from "./spilled-inputs.js";

afterEach(() => vi.unstubAllEnvs());

/** Number above any that Linux gives. */
const NO_PID = 4_194_305;

const plan = { spill: "bf16", spillBytes: 1024 } as const;

it("has no file where memory holds the inputs", async () => {
  expect(await spilledInputs({ spill: null, spillBytes: 0 }, null)).toBeNull();
});

it("spills into the folder of the run, and leaves nothing there", async () => {
  const run = await RunFolder.create(newRun());
  const spilled = await spilledInputs(plan, run);
  expect(spilled!.streams.path).toBe(join(run.spillPath, "streams"));
  expect(await readdir(run.path)).toContain("spill");
  await spilled!.close();
  await run.close();
  expect(await readdir(run.path)).toEqual(["checkpoints"]);
});

it("clears away what a killed process without a run has spilled, and nothing of living ones", async () => {
  const folder = await temporaryFolder();
  vi.stubEnv("TMPDIR", folder);
  const living = temporaryName(join(folder, "lathe-spill"), "new");
  const killed = living.replace(`-${process.pid}-`, `-${NO_PID}-`);
  for (const left of [killed, living]) {
    await mkdir(left);
    await writeFile(join(left, "streams"), "inputs of layers");
  }
  const spilled = await spilledInputs(plan, null);
  const left = await readdir(folder);
  expect(left).toHaveLength(2);
  expect(left).toContain(basename(living));
  await spilled!.close();
  expect(await readdir(folder)).toEqual([basename(living)]);
});
