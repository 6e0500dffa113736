/** Kills the built package at random calls of the file system, goes on, and compares with a run that nothing disturbed. */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { nearTexts } from "../../testing/near-texts.js";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { prepare, type PrepareOptions, ResumeError } from "../index.js";

const program = fileURLToPath(new URL("../../testing/prepare-process.mjs", import.meta.url));

vi.setConfig({ testTimeout: 240_000 });

const ROWS = 300;
const CHAINS = 3;
const MOST_KILLS = 4; // of one run

function setUp(): PrepareOptions & { readonly folder: string; readonly input: string } {
  const folder = temporaryFolder();
  const input = join(folder, "rows.jsonl");
  const lines = nearTexts(ROWS, new SeededRandom(3)).map((text, id) => ({
    input: `${text}?`,
    output: id % 7 === 0 ? "不知道。" : `好的，第 ${id % 5} 种。`,
    id,
    dialogue: id % 11 === 0 ? "same" : id,
    kind: `k${id % 3}`,
  }));
  writeFileSync(input, [...lines, ...lines.slice(0, 20)].map((line) => `${JSON.stringify(line)}\n`).join(""));
  const output = join(folder, "out");
  return { folder, input, inputs: [input], output, seed: 5, stratify: "kind" };
}

const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "base64")]));

/** Runs a process that is killed at a call. @returns the number of its calls when it ended before, else null */
function run(options: PrepareOptions, call: number): number | null {
  const words = [program, String(call), JSON.stringify(options)];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (signal === "SIGKILL") return null;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return Number(stdout);
}

it("ends with the same bytes wherever its process is killed, and shows nothing before", () => {
  const { folder, input: _input, ...options } = setUp();
  const calls = run(options, 0)!;
  expect(calls).toBeGreaterThan(100);
  const expected = contents(options.output);
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = new SeededRandom(seed);
  for (let chain = 0; chain < CHAINS; chain++) {
    const output = join(folder, `out-${chain}`);
    let isDone = false;
    for (let kill = 0; !isDone; kill++) {
      const call = kill < MOST_KILLS ? random.integer(1, calls) : 0;
      const isThere = existsSync(output);
      isDone = run({ ...options, output, resume: true }, call) !== null;
      // Killed behind its last step the folder is there already, and whole: going on then finds nothing to do.
      if (isThere) expect(contents(output), `seed ${seed}, chain ${chain}`).toEqual(expected);
    }
    expect(contents(output), `seed ${seed}, chain ${chain}`).toEqual(expected);
  }
});

/** Stops a run in the stage that writes rows. */
async function interrupt(options: PrepareOptions): Promise<void> {
  const controller = new AbortController();
  await expect(
    prepare({
      ...options,
      signal: controller.signal,
      onProgress: ({ phase }) => {
        if (phase === "write") controller.abort(new Error("stopped by hand"));
      },
    }),
  ).rejects.toThrow("stopped by hand");
}

it("goes on behind the last finished stage, reading no row again", async () => {
  const { folder, input, ...options } = setUp();
  await prepare(options);
  const expected = contents(options.output);
  const second = { ...options, output: join(folder, "second") };
  await interrupt(second);
  expect(existsSync(second.output)).toBe(false);
  expect(readdirSync(folder).sort()).toEqual([".second.lathe-prepare", "out", "rows.jsonl"]);
  const phases = new Set<string>();
  const result = await prepare({
    ...second,
    resume: true,
    onProgress: ({ phase }) => void phases.add(phase),
  });
  expect(phases.has("read")).toBe(false);
  expect(contents(second.output)).toEqual(expected);
  expect(result.read).toBe(ROWS + 20);
  expect(readdirSync(folder).sort()).toEqual(["out", "rows.jsonl", "second"]);
  expect(readFileSync(input, "utf8")).not.toBe("");
});

it("refuses to go on with other rows or settings, naming them, and begins anew where that is not asked for", async () => {
  const { folder, input, ...options } = setUp();
  await interrupt(options);
  const resume = (change: Partial<PrepareOptions>): Promise<unknown> =>
    prepare({ ...options, resume: true, ...change });
  await expect(resume({ seed: 6 })).rejects.toThrow(
    `${options.output}: cannot go on from where it was interrupted, as seed has changed since; run it without resuming to begin anew`,
  );
  await expect(resume({ cleaning: { disable: ["duplicate"] } })).rejects.toThrow("as cleaning has changed");
  await expect(resume({ cleaning: { personalData: { allow: ["13800000000"] } } })).rejects.toThrow(
    ResumeError,
  );
  const other = join(folder, "other.jsonl");
  writeFileSync(other, '{"text":"one more"}\n');
  await expect(resume({ inputs: [input, other] })).rejects.toThrow(`as ${other} has changed since`);
  appendFileSync(input, '{"text":"one more"}\n');
  await expect(resume({})).rejects.toThrow(`as ${input} has changed since`);
  await expect(resume({ inputs: [{ name: "rows", rows: [{ text: "a" }] }] })).rejects.toThrow(
    "option resume: expected files as inputs, got",
  );
  await prepare(options);
  expect(readdirSync(folder).sort()).toEqual(["other.jsonl", "out", "rows.jsonl"]);
});

it("begins anew where files of a finished stage are gone or cut", async () => {
  const { folder, input: _input, ...options } = setUp();
  await prepare(options);
  const expected = contents(options.output);
  for (const [index, name] of [
    "kept-rows.jsonl",
    "row-splits",
    "near-copies",
    "copies.json",
    "read.json",
  ].entries()) {
    const second = { ...options, output: join(folder, `second-${index}`) };
    await interrupt(second);
    writeFileSync(join(folder, `.second-${index}.lathe-prepare`, name), "{");
    await prepare({ ...second, resume: true });
    expect(contents(second.output), name).toEqual(expected);
  }
});

it("tells again what a finished run did, and leaves an output of other rows or settings alone", async () => {
  const { folder, input, ...options } = setUp();
  const result = await prepare(options);
  const expected = contents(options.output);
  const phases = new Set<string>();
  const again = await prepare({
    ...options,
    resume: true,
    onProgress: ({ phase }) => void phases.add(phase),
  });
  expect(again).toEqual(result);
  expect([...phases]).toEqual([]);
  await expect(prepare({ ...options, resume: true, seed: 6 })).rejects.toThrow(
    "that does not exist or is empty",
  );
  appendFileSync(input, '{"text":"one more"}\n');
  await expect(prepare({ ...options, resume: true })).rejects.toThrow("that does not exist or is empty");
  expect(contents(options.output)).toEqual(expected);
  expect(readdirSync(folder).sort()).toEqual(["out", "rows.jsonl"]);
});
