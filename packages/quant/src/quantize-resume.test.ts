/** Kills the built package at random calls of the file system, goes on, and compares with a run that nothing disturbed. */
import { startEngine } from "@lathe/tensor";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { quantizeWeights, type QuantizeWeightsOptions } from "./quantize-weights.js";

const program = fileURLToPath(new URL("../testing/quantize-process.mjs", import.meta.url));
const llama = fileURLToPath(new URL("../../model/fixtures/models/llama", import.meta.url));

vi.setConfig({ testTimeout: 240_000 });

const CHAINS = 3;
const MOST_KILLS = 3; // of one run
const SHARD_BYTES = 50_000;

let folder: string;
let options: QuantizeWeightsOptions;
beforeAll(async () => {
  await startEngine("cpu");
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantize-resume-"));
  const model = join(folder, "model");
  await cp(llama, model, { recursive: true });
  options = { model, output: join(folder, "out"), format: "nf4", shardBytes: SHARD_BYTES };
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const contents = (of: string): Record<string, string> =>
  Object.fromEntries(readdirSync(of).map((name) => [name, readFileSync(join(of, name), "base64")]));

/** Runs a process that is killed at a call. @returns the number of its calls when it ended before, else null */
function run(given: QuantizeWeightsOptions, call: number): number | null {
  const words = [program, String(call), JSON.stringify(given)];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (signal === "SIGKILL") return null;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return Number(stdout);
}

it("ends with the same bytes wherever its process is killed, and shows nothing before", () => {
  const calls = run(options, 0)!;
  expect(calls).toBeGreaterThan(50);
  const expected = contents(options.output);
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  for (let chain = 0; chain < CHAINS; chain++) {
    const output = join(folder, `out-${chain}`);
    for (let kill = 0, isDone = false; !isDone; kill++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const call = kill < MOST_KILLS ? 1 + (state % calls) : 0;
      isDone = run({ ...options, output, resume: true }, call) !== null;
      // Killed behind its last step the folder is there already, and whole.
      if (existsSync(output)) expect(contents(output), `seed ${seed}, chain ${chain}`).toEqual(expected);
    }
    expect(contents(output), `seed ${seed}, chain ${chain}`).toEqual(expected);
  }
  expect(readdirSync(folder).sort()).toEqual(["model", "out", "out-0", "out-1", "out-2"]);
});

const WORK = ".out.lathe-quantize";
const shardsIn = (of: string): string[] =>
  readdirSync(of)
    .filter((name) => name.endsWith(".safetensors"))
    .sort();

/** Stops a run in its middle. @returns the weight files that it leaves */
async function interrupt(): Promise<string[]> {
  const controller = new AbortController();
  const stopped = quantizeWeights({
    ...options,
    signal: controller.signal,
    onProgress: (done, total) => done > total / 2 && controller.abort(new Error("stopped by hand")),
  });
  await expect(stopped).rejects.toThrow("stopped by hand");
  expect(readdirSync(folder).sort()).toEqual([WORK, "model"]);
  return shardsIn(join(folder, WORK));
}

it("keeps the files that are whole and makes those anew that are cut, altered or half written", async () => {
  const undisturbed = join(folder, "undisturbed");
  await quantizeWeights({ ...options, output: undisturbed });
  const expected = contents(undisturbed);
  await rm(undisturbed, { recursive: true });
  const left = await interrupt();
  expect(left.length).toBeGreaterThan(2);
  const [first, second, third] = left.map((name) => join(folder, WORK, name));
  truncateSync(first, statSync(first).size - 1);
  const bytes = readFileSync(second);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(second, bytes);
  const { ino } = statSync(third);
  const seen: number[] = [];
  await quantizeWeights({ ...options, resume: true, onProgress: (done) => seen.push(done) });
  expect(contents(options.output)).toEqual(expected);
  // What was kept is the same file, and its tensors are not told again.
  expect(statSync(join(options.output, left[2])).ino).toBe(ino);
  expect(seen).not.toEqual(Array.from(seen, (_, index) => index));
  expect(readdirSync(folder).sort()).toEqual(["model", "out"]);
});

it("refuses to go on with another format or other weights, and begins anew where that is not asked for", async () => {
  const left = await interrupt();
  await expect(quantizeWeights({ ...options, format: "int8", resume: true })).rejects.toThrow(
    `${options.output}: expected to go on with the same weights and format, got an interrupted run of format nf4; ` +
      "run it without resuming to begin anew",
  );
  utimesSync(join(options.model, "model.safetensors"), 1, 1);
  await expect(quantizeWeights({ ...options, resume: true })).rejects.toThrow("got one of other weights");
  expect(shardsIn(join(folder, WORK))).toEqual(left);
  await quantizeWeights({ ...options, format: "int8" });
  expect(readdirSync(folder).sort()).toEqual(["model", "out"]);
});

it("tells again what a finished run did, and leaves an output of another format alone", async () => {
  const report = await quantizeWeights(options);
  const expected = contents(options.output);
  expect(await quantizeWeights({ ...options, resume: true })).toEqual(report);
  await expect(quantizeWeights({ ...options, format: "int8", resume: true })).rejects.toThrow(
    "got one with files in it",
  );
  expect(contents(options.output)).toEqual(expected);
});
