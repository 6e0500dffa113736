// Shows on the built command that a run on several ranks survives its ranks and its network: `lathe dist run` trains a small model
// on two ranks, of which one after the other is killed (SIGKILL) at random moments; with --namespaces the ranks are in two network
// namespaces, as on two machines, and the link between them is cut as well, as often as asked for. Every end is compared bit by bit
// with a run of one process that was never stopped. Exits with code 1 where a bit differs, a run does not come to its end, or the end of
// ranks is not said within so many seconds of what ended them. Namespaces need root.
//
//   node scripts/kill-ranks.mjs [--kills 20] [--cuts 0] [--namespaces] [--steps 40] [--seed 0] [--within 15] [--launcher openmpi]

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, URL } from "node:url";
import { parseArgs } from "node:util";
import { firstDifference } from "../packages/recipes/dist/verify/first-difference.js";
import { makeApart } from "./apart.mjs";
import { randomNumbers } from "./random-numbers.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const lathe = join(root, "apps/cli/dist/main.js");
const environment = { ...process.env, LATHE_THREADS: "1", LC_ALL: "C" };

/**
 * What a harness came to.
 * @typedef {object} Outcome
 * @property {number} kills ranks that were killed
 * @property {number} cuts links that were cut
 * @property {number} launches launches of ranks
 * @property {number} runs runs that were compared with the one that was never stopped
 * @property {number[]} endSeconds from each kill or cut to the sentence that says that the ranks have ended
 * @property {string[]} sentences what was said of each of them
 * @property {string[]} faults runs that did not end, with other bits, or late
 */

/**
 * Ranks of a launcher that this machine runs for a run, by their process numbers.
 * @param {string} run
 */
function ranksOf(run) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        const isRank = words[1] === lathe && words[2] === "train" && words.includes(run);
        return isRank && /(?:OMPI_COMM_WORLD|PMI)_RANK=/.test(readFileSync(`/proc/${pid}/environ`, "utf8"));
      } catch {
        // It has ended meanwhile.
        return false;
      }
    })
    .map(Number);
}

/**
 * Runs a command, and tells of each line that it says.
 * @param {readonly string[]} words
 * @param {(line: string) => void} [onLine]
 * @returns {Promise<{ code: number | null, stderr: string }>}
 */
async function command([file, ...words], onLine = () => undefined) {
  const child = spawn(file, words, { stdio: ["ignore", "ignore", "pipe"], env: environment });
  let [stderr, rest] = ["", ""];
  child.stderr.on("data", (/** @type {Buffer} */ chunk) => {
    stderr += chunk.toString();
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach((line) => onLine(line));
  });
  /** @type {number | null} */
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status));
  });
  return { code, stderr };
}

/** Steps of a run that are in its metrics. @param {string} run */
function stepsOf(run) {
  try {
    return readFileSync(join(run, "metrics.jsonl"), "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
}

/**
 * Kills ranks and cuts links until as many of both have been tried as are asked for.
 * @param {{ kills: number, cuts: number, steps: number, seed: number, within?: number, launcher?: string, apart: import("./apart.mjs").Apart | null, folder: string, onProgress?: (outcome: Outcome) => void }} options
 * within: seconds in which the end of ranks must be said; any unless given, as what else a machine does counts too
 * @returns {Promise<Outcome>}
 */
export async function killRanks({
  kills,
  cuts,
  steps,
  seed,
  within = Number.POSITIVE_INFINITY,
  launcher = "openmpi",
  apart,
  folder,
  onProgress,
}) {
  if (cuts > 0 && apart === null) throw new Error("links can be cut between namespaces alone");
  const random = randomNumbers(seed);
  const rows = join(folder, "rows.jsonl");
  const ids = Array.from({ length: 12 }, (_, row) =>
    Array.from({ length: 5 + (row % 7) }, (__, i) => (row * 31 + i * 7) % 320),
  );
  writeFileSync(rows, ids.map((input_ids) => `${JSON.stringify({ input_ids })}\n`).join(""));
  const model = join(root, "packages/model/fixtures/models/qwen2");
  const words = [
    ...["train", "--model", model, "--data", rows, "--max-steps", String(steps), "--samples", "0"],
    ...["--batch-size", "1", "--gradient-accumulation", "2", "--dropout", "0.2", "--learning-rate", "0.01"],
    ...["--save-every", "3", "--deterministic"],
  ];
  const whole = join(folder, "whole");
  const uncut = await command([process.execPath, lathe, ...words, "--output", whole]);
  if (uncut.code !== 0)
    throw new Error(`the run that is not stopped ended with ${uncut.code}: ${uncut.stderr}`);

  /** @type {Outcome} */
  const outcome = { kills: 0, cuts: 0, launches: 0, runs: 0, endSeconds: [], sentences: [], faults: [] };
  const places = apart
    ? ["--hosts", apart.hosts.join(","), "--interface", "eth0", "--remote-shell", apart.shell]
    : ["--ranks", "2"];
  for (let number = 1; outcome.kills < kills || outcome.cuts < cuts; number++) {
    const run = join(folder, `run-${number}`);
    const launch = [
      process.execPath,
      lathe,
      "dist",
      "run",
      ...places,
      ...["--launcher", launcher, "--restarts", "10", "--language", "en"],
    ];
    let isOver = false;
    let launches = 0;
    /** When the last kill or cut was whose end was not said yet. */
    let struck = 0;
    const ended = command([...(apart?.within ?? []), ...launch, "--", ...words, "--output", run], (line) => {
      if (/^launch/.test(line)) launches++;
      if (struck > 0 && /ranks ended|launcher (was ended|ended|lost)/.test(line)) {
        const seconds = Math.round((performance.now() - struck) / 100) / 10;
        outcome.endSeconds.push(seconds);
        outcome.sentences.push(line);
        if (seconds > within) outcome.faults.push(`run ${number}: its end was said after ${seconds} s`);
        struck = 0;
        apart?.setLink(true);
      }
    }).finally(() => (isOver = true));
    for (let seen = 0; !isOver;) {
      const isLeft = outcome.kills < kills || outcome.cuts < cuts;
      // Ranks of a new launch that has taken steps, or a moment from its start to that.
      if (!isLeft || launches === seen || struck > 0) {
        await sleep(50);
        continue;
      }
      seen = launches;
      const before = stepsOf(run);
      const wanted = before + Math.floor(random() * 6);
      while (!isOver && stepsOf(run) < wanted) await sleep(20);
      await sleep(random() * 300);
      const ranks = ranksOf(run);
      if (isOver || ranks.length < 2) {
        seen--;
        continue;
      }
      struck = performance.now();
      if (outcome.cuts < cuts && (outcome.kills >= kills || random() < 0.5)) {
        apart?.setLink(false);
        outcome.cuts++;
      } else {
        process.kill(ranks[Math.floor(random() * ranks.length)], "SIGKILL");
        outcome.kills++;
      }
      onProgress?.(outcome);
    }
    const { code, stderr } = await ended;
    apart?.setLink(true);
    outcome.launches += launches;
    outcome.runs++;
    const difference = code === 0 ? await firstDifference(whole, run, steps) : null;
    if (code !== 0) outcome.faults.push(`run ${number}: ended with ${code}: ${stderr}`);
    if (difference) outcome.faults.push(`run ${number}: ${difference.file} differs (${difference.place})`);
    rmSync(run, { recursive: true, force: true });
  }
  return outcome;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      kills: { type: "string", default: "20" },
      cuts: { type: "string", default: "0" },
      steps: { type: "string", default: "40" },
      seed: { type: "string", default: "0" },
      within: { type: "string", default: "15" },
      launcher: { type: "string", default: "openmpi" },
      namespaces: { type: "boolean", default: false },
    },
  });
  const [kills, cuts, steps, seed, within] = [
    values.kills,
    values.cuts,
    values.steps,
    values.seed,
    values.within,
  ].map(Number);
  const folder = mkdtempSync(join(tmpdir(), "lathe-kill-ranks-"));
  const apart = values.namespaces ? makeApart(folder) : null;
  try {
    if (values.namespaces && apart === null)
      throw new Error("no network namespaces can be made: they need root");
    const onProgress = (/** @type {Outcome} */ now) =>
      console.error(
        `seed ${seed}: ${now.kills} kills, ${now.cuts} cuts, ${now.runs} runs compared, ${now.faults.length} faults`,
      );
    const outcome = await killRanks({
      kills,
      cuts,
      steps,
      seed,
      within,
      launcher: values.launcher,
      apart,
      folder,
      onProgress,
    });
    console.log(JSON.stringify({ seed, ...outcome }, null, 2));
    if (outcome.faults.length > 0) process.exitCode = 1;
  } finally {
    apart?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
