// Runs every check of the repository and ends with the line "N passed, N failed": one for each
// test and one for each other check. CI runs this. Some alone: node scripts/check.mjs lint types

import "./require-node.mjs";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { installStamp } from "./bootstrap.mjs";
import { availableParallelism } from "node:os";
import { collect, exitCode, root, spawnNpm } from "./pnpm.mjs";

/** @typedef {{ name: string, title: string, command: readonly string[], minutes: number }} Check */

const testReport = "node_modules/.cache/lathe/tests.json";

/**
 * The tests come first: they set the checkout up; the quick start comes last and alone, as it says how long it takes; of the others
 * the longest come first. Minutes are when a check counts as stuck.
 *
 * @type {Check[]}
 */
const checks = [
  {
    name: "test",
    title: "tests",
    command: ["test", "--", "--reporter=default", "--reporter=json", `--outputFile.json=${testReport}`],
    minutes: 40,
  },
  { name: "lint", title: "lint", command: ["run", "--silent", "test:lint"], minutes: 20 },
  { name: "publish", title: "published packages", command: ["run", "--silent", "test:publish"], minutes: 20 },
  { name: "types", title: "types", command: ["run", "--silent", "test:types"], minutes: 10 },
  { name: "docs", title: "API documentation", command: ["run", "--silent", "test:docs"], minutes: 10 },
  { name: "format", title: "format", command: ["run", "--silent", "test:format"], minutes: 5 },
  { name: "links", title: "links", command: ["run", "--silent", "test:links"], minutes: 2 },
  { name: "changesets", title: "release notes", command: ["run", "--silent", "test:changesets"], minutes: 2 },
  { name: "start", title: "quick start", command: ["start"], minutes: 20 },
];

/**
 * Runs a check that prints as it goes, or all at once at its end.
 * @param {Check} check
 * @param {boolean} isAlone
 * @returns {Promise<number>} exit code
 */
async function run({ title, command, minutes }, isAlone) {
  const heading = `\n── ${title}: npm ${command.join(" ")}`;
  if (isAlone) console.log(heading);
  const out = isAlone ? "inherit" : "pipe";
  // A group of its own, so that what the check has started is stopped with it.
  const child = spawnNpm("npm", command, {
    stdio: ["ignore", out, out],
    detached: process.platform !== "win32",
  });
  const stop = () => {
    const { pid } = child;
    try {
      if (process.platform === "win32" || pid === undefined) child.kill();
      else process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  };
  let late = "";
  const timer = setTimeout(() => {
    late = `\nStopped: still running after ${minutes} minutes.`;
    stop();
  }, minutes * 60_000);
  process.once("exit", stop);
  // Ctrl-C at a terminal does not reach another group by itself.
  const interrupt = () => process.exit(130);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, interrupt);
  try {
    if (isAlone) return await exitCode(child);
    const { code, output } = await collect(child);
    console.log(`${heading}\n${output.trimEnd()}`);
    return code;
  } finally {
    clearTimeout(timer);
    process.off("exit", stop);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, interrupt);
    if (late !== "") console.error(late);
  }
}

/**
 * What vitest's JSON report counts, and by reason how many tests were skipped: those that want a program which is not there
 * end their titles with "skipped: " and the reason.
 *
 * @returns {{ passed: number, failed: number, skipped: Map<string, number> } | undefined} undefined when vitest wrote no report
 */
function countTests() {
  let report;
  try {
    report = JSON.parse(readFileSync(join(root, testReport), "utf8"));
  } catch {
    return undefined;
  }
  /** @type {{ status: string, assertionResults: { status: string, fullName: string }[] }[]} */
  const files = report.testResults;
  /** @type {Map<string, number>} */
  const skipped = new Map();
  for (const { status, fullName } of files.flatMap(({ assertionResults }) => assertionResults)) {
    if (status === "passed" || status === "failed") continue;
    const reason = /skipped: ([^();]+)/.exec(fullName)?.[1].trim() ?? "others";
    skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  }
  // A file that does not load fails without a failed test in it.
  const brokenFiles = files.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((result) => result.status === "failed"),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length, skipped };
}

/** @param {Check} check @param {number} code @returns {{ passed: number, failed: number }} */
function score(check, code) {
  if (check.name !== "test") return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const { skipped, ...counts } = countTests() ?? { passed: 0, failed: 0, skipped: new Map() };
  for (const [reason, count] of skipped) console.log(`skipped ${count} tests: ${reason}`);
  // A runner that crashed, or ran nothing, has failed, whatever it counted.
  const wrong = code !== 0 || counts.passed === 0;
  return wrong && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !checks.some((check) => check.name === name));
if (unknown.length > 0) {
  console.error(
    `Unknown check ${unknown.join(", ")}; there are ${checks.map(({ name }) => name).join(", ")}.`,
  );
  process.exit(2);
}

/** @type {{ title: string, passed: number, failed: number, seconds: number }[]} */
const results = [];
/** @param {Check} check @param {boolean} isAlone */
async function take(check, isAlone) {
  const started = performance.now();
  const code = await run(check, isAlone);
  results.push({ title: check.title, ...score(check, code), seconds: (performance.now() - started) / 1000 });
  return code;
}

const asked = checks.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const [tests, quickStart] = ["test", "start"].map((name) => asked.find((check) => check.name === name));
const others = asked.filter((check) => check !== tests && check !== quickStart);
if (tests) {
  rmSync(join(root, testReport), { force: true });
  mkdirSync(join(root, dirname(testReport)), { recursive: true });
  await take(tests, true);
}
if (tests && !existsSync(join(root, installStamp))) {
  console.error("The packages could not be installed, so the other checks cannot run.");
} else {
  // Most of them keep one processor busy; more than two at once would want more memory than small machines have.
  const beside = others.length === 1 ? 1 : Math.min(2, availableParallelism());
  const waiting = [...others];
  await Promise.all(
    Array.from({ length: beside }, async () => {
      for (let check = waiting.shift(); check; check = waiting.shift()) await take(check, beside === 1);
    }),
  );
  if (quickStart) await take(quickStart, true);
}

console.log(
  `\n${"check".padEnd(20)} ${"passed".padStart(7)} ${"failed".padStart(7)} ${"seconds".padStart(8)}`,
);
for (const { title, passed, failed, seconds } of results) {
  console.log(
    `${title.padEnd(20)} ${String(passed).padStart(7)} ${String(failed).padStart(7)} ${seconds.toFixed(1).padStart(8)}`,
  );
}
const total = (/** @type {"passed" | "failed"} */ kind) =>
  results.reduce((sum, result) => sum + result[kind], 0);
console.log(`\n${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = total("failed") === 0 ? 0 : 1;
