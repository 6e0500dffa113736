/** Kills the built command while it evaluates, as a machine that runs out of memory does. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";

const lathe = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const SEED = Number(process.env["TEST_SEED"] ?? Date.now() % 1_000_000);
const ROWS = 14;

let state = SEED;
const next = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const textOf = async (path: string): Promise<string> => await readFile(path, "utf8").catch(() => "");
const linesOf = (text: string): number => text.split("\n").length - 1;

/** Runs the command; kills it when a file has so many lines, where a number is given. @returns how it ended */
async function run(
  words: readonly string[],
  file: string,
  lines: number | null,
): Promise<NodeJS.Signals | number> {
  const child = spawn(process.execPath, [lathe, ...words], { stdio: "ignore" });
  const timer = setInterval(() => {
    if (lines !== null) void textOf(file).then((text) => linesOf(text) >= lines && child.kill("SIGKILL"));
  }, 1);
  try {
    return await new Promise((resolve) => child.on("close", (code, signal) => resolve(signal ?? code ?? -1)));
  } finally {
    clearInterval(timer);
  }
}

interface Reply {
  readonly row: number;
  readonly prediction: string;
  readonly tokens: number;
}
const repliesIn = async (path: string): Promise<Reply[]> =>
  (await textOf(path))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Reply)
    .map(({ row, prediction, tokens }) => ({ row, prediction, tokens }));

it(`lathe eval killed with -9 loses and doubles no reply, and ends with the same scores (seed ${SEED})`, async () => {
  if (!existsSync(lathe)) throw new Error("build the command first: npm run build");
  const folder = await temporaryFolder();
  const names = ["Tom", "Lily", "Ben", "Sue", "Max", "Anna", "Sam"];
  const data = await writeJsonl(
    join(folder, "rows.jsonl"),
    Array.from({ length: ROWS }, (_, row) => ({
      prompt: `${names[row % 7]} had a ${["cat", "ball"][row % 2]} and`,
      completion: ` was happy ${row} times.`,
    })),
  );
  const asked = ["eval", "--model", storiesModel, "--data", data, "--engine", "wasm", "--batch-size", "3"];
  const words = [...asked, "--max-new-tokens", "40", "--metrics", "chrf,rouge1", "--json"];
  const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
  const fileOf = (output: string): string => join(output, "predictions", "0-base.jsonl");
  const evaluate = async (output: string, lines: number | null, ...more: readonly string[]) =>
    await run([...words, "--output", output, ...more], fileOf(output), lines);

  expect(await evaluate(whole, null)).toBe(0);
  const first = 1 + next(5);
  const second = first + 1 + next(ROWS - first - 4);
  expect(await evaluate(parts, first)).toBe("SIGKILL");
  expect(linesOf(await textOf(fileOf(parts)))).toBeLessThan(ROWS);
  expect(await evaluate(parts, second, "--resume")).toBe("SIGKILL");
  expect(await evaluate(parts, null, "--resume")).toBe(0);

  const replies = await repliesIn(fileOf(parts));
  expect(replies.map(({ row }) => row)).toEqual(Array.from({ length: ROWS }, (_, row) => row));
  expect(replies).toEqual(await repliesIn(fileOf(whole)));
  const [resumed, undisturbed] = await Promise.all(
    [parts, whole].map(
      async (output) =>
        JSON.parse(await textOf(join(output, "report.json"))) as {
          readonly scores: unknown;
          readonly systems: readonly { readonly data: unknown }[];
        },
    ),
  );
  expect(resumed.scores).toEqual(undisturbed.scores);
  expect(resumed.systems[0].data).toEqual(undisturbed.systems[0].data);
}, 120_000);
