// Shows on the built command that a training run survives being killed and having its newest checkpoint damaged: a small run
// is killed (SIGKILL) at random moments of its processes and resumed each time, until it ends; copies of what a kill has left
// have a byte flipped in their newest checkpoint, a file of it cut or removed, and are resumed to the end. Every end is compared
// bit by bit with a run that was never stopped. Exits with code 1 where a bit differs or a run does not come to its end.
//
//   node scripts/kill-harness.mjs [--kills 200] [--damages 50] [--steps 200] [--seed 0]

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, URL } from "node:url";
import { parseArgs } from "node:util";
import { firstDifference } from "../packages/recipes/dist/verify/first-difference.js";
import { randomNumbers } from "./random-numbers.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const lathe = join(root, "apps/cli/dist/main.js");

/**
 * What a harness came to.
 * @typedef {object} Outcome
 * @property {number} kills processes that were killed
 * @property {number} inSteps kills that came after the first step of their process
 * @property {number} damages checkpoints that were damaged
 * @property {number} runs runs that were compared with the one that was never stopped
 * @property {string[]} faults runs that did not end, or with other bits
 */

/**
 * Runs `lathe train`.
 * @param {readonly string[]} words
 * @param {number} [killAfter] milliseconds until it is killed; it is left alone unless given
 * @returns {Promise<{ code: number | null, stderr: string, milliseconds: number }>} the code is null where it was killed
 */
async function train(words, killAfter) {
  const started = performance.now();
  const child = spawn(process.execPath, [lathe, "train", ...words, "--json"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (/** @type {Buffer} */ chunk) => (stderr += chunk.toString()));
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  /** @type {number | null} */
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status));
  });
  clearTimeout(timer);
  return { code, stderr, milliseconds: performance.now() - started };
}

/**
 * Names in a folder; none where there is no folder.
 * @param {string} folder
 */
function entriesOf(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Steps with a checkpoint, ascending.
 * @param {string} run
 */
const checkpointSteps = (run) =>
  entriesOf(join(run, "checkpoints"))
    .flatMap((name) => (/^step-\d+$/.test(name) ? [Number(name.slice(5))] : []))
    .sort((a, b) => a - b);

/**
 * Damages the newest checkpoint of a run.
 * @param {string} run
 * @param {() => number} random
 * @returns {string} what was done
 */
function damageNewest(run, random) {
  const step = checkpointSteps(run).at(-1) ?? 0;
  const folder = join(run, "checkpoints", `step-${step}`);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
  const file = files[Math.floor(random() * files.length)];
  const bytes = readFileSync(file);
  const at = Math.floor(random() * bytes.length);
  const shown = file.slice(run.length + 1);
  switch (Math.floor(random() * 3)) {
    case 0:
      bytes[at] ^= 1 << Math.floor(random() * 8);
      writeFileSync(file, bytes);
      return `${shown} flipped at byte ${at}`;
    case 1:
      truncateSync(file, at);
      return `${shown} cut to ${at} bytes`;
    default:
      rmSync(file);
      return `${shown} removed`;
  }
}

/**
 * Kills and damages runs until as many of both have been tried as are asked for.
 * @param {{ kills: number, damages: number, steps: number, seed: number, onProgress?: (outcome: Outcome) => void }} options
 * @returns {Promise<Outcome>}
 */
export async function killHarness({ kills, damages, steps, seed, onProgress }) {
  const folder = mkdtempSync(join(tmpdir(), "lathe-kill-harness-"));
  const random = randomNumbers(seed);
  try {
    const rows = join(folder, "rows.jsonl");
    const ids = Array.from({ length: 12 }, (_, row) =>
      Array.from({ length: 8 }, (__, i) => (row * 31 + i * 7) % 320),
    );
    writeFileSync(rows, ids.map((input_ids) => `${JSON.stringify({ input_ids })}\n`).join(""));
    const model = join(root, "packages/model/fixtures/models/qwen2");
    const words = [
      ...["--model", model, "--data", rows, "--validation", rows, "--max-steps", String(steps)],
      ...["--batch-size", "2", "--gradient-accumulation", "2", "--dropout", "0.2", "--learning-rate", "0.01"],
      ...["--save-every", "3", "--eval-every", "7"],
    ];
    const whole = join(folder, "whole");
    const uncut = await train([...words, "--output", whole]);
    if (uncut.code !== 0)
      throw new Error(`the run that is not stopped ended with ${uncut.code}: ${uncut.stderr}`);

    /** @type {Outcome} */
    const outcome = { kills: 0, inSteps: 0, damages: 0, runs: 0, faults: [] };
    /**
     * Compares the end of a run with that of the one that was never stopped.
     * @param {string} run
     * @param {{ code: number | null, stderr: string }} end
     * @param {string} what was done to it
     */
    const judge = async (run, { code, stderr }, what) => {
      outcome.runs++;
      if (code !== 0) {
        outcome.faults.push(`${what}: ended with ${code}: ${stderr}`);
        return;
      }
      const difference = await firstDifference(whole, run, steps);
      if (difference) outcome.faults.push(`${what}: ${difference.file} differs (${difference.place})`);
      rmSync(run, { recursive: true });
    };

    /** Milliseconds that a process lasted at last. */
    let pace = uncut.milliseconds;
    for (let number = 1; outcome.kills < kills || outcome.damages < damages; number++) {
      const run = join(folder, `run-${number}`);
      let killed = 0;
      for (let isDone = false; !isDone;) {
        // A run that was killed before it had written its settings has trained nothing, and begins anew.
        const isBegun = entriesOf(run).includes("config.json");
        if (!isBegun && checkpointSteps(run).length > 0) outcome.faults.push(`${run}: lost its settings`);
        const how = isBegun ? ["--resume"] : [...words, "--overwrite"];
        const isLast = outcome.kills >= kills && outcome.damages >= damages;
        const killAfter = isLast ? undefined : random() * pace;
        const end = await train([...how, "--output", run], killAfter);
        isDone = end.code !== null;
        if (isDone) {
          // Other programs may be busier, or less so, than when the first run was timed.
          pace = end.milliseconds;
          await judge(run, end, `run ${number}, killed ${killed} times`);
          continue;
        }
        killed++;
        outcome.kills++;
        if (/\d+\/\d+ ·/.test(end.stderr)) outcome.inSteps++;
        // Killed before its first step again and again, on a machine that has become busier, a run would never end.
        else pace *= 1.1;
        if (outcome.damages < damages && checkpointSteps(run).length > 1) {
          const copy = join(folder, `damaged-${number}-${killed}`);
          cpSync(run, copy, { recursive: true });
          const damage = damageNewest(copy, random);
          outcome.damages++;
          const resumed = await train(["--resume", "--output", copy]);
          if (!resumed.stderr.includes("is passed over"))
            outcome.faults.push(`${damage}: not seen: ${resumed.stderr}`);
          await judge(copy, resumed, damage);
        }
        onProgress?.(outcome);
      }
    }
    return outcome;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: "200" },
      damages: { type: "string", default: "50" },
      steps: { type: "string", default: "200" },
      seed: { type: "string", default: "0" },
    },
  });
  const [kills, damages, steps, seed] = [values.kills, values.damages, values.steps, values.seed].map(Number);
  const outcome = await killHarness({
    kills,
    damages,
    steps,
    seed,
    onProgress: ({ kills: killed, damages: damaged, runs, faults }) => {
      if (killed % 10 > 0) return;
      console.error(`${killed} kills, ${damaged} damages, ${runs} runs compared, ${faults.length} faults`);
    },
  });
  console.log(JSON.stringify(outcome, null, 2));
  if (outcome.faults.length > 0) process.exitCode = 1;
}
