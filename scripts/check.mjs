// Runs every check of the repository, one after the other, and ends with the line "N passed, N failed": one for each
// test and one for each other check. CI runs this. Some alone: node scripts/check.mjs lint types

import "./require-node.mjs";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { installStamp } from "./bootstrap.mjs";
import { exitCode, root, spawnNpm } from "./pnpm.mjs";

/** @typedef {{ name: string, title: string, command: readonly string[], minutes: number }} Check */

const testReport = "node_modules/.cache/lathe/tests.json";

/** @type {Check[]} The tests come first: they set the checkout up. Minutes are when a check counts as stuck. */
const checks = [
  {
    name: "test",
    title: "tests",
    command: ["test", "--", "--reporter=default", "--reporter=json", `--outputFile.json=${testReport}`],
    minutes: 40,
  },
  { name: "format", title: "format", command: ["run", "--silent", "test:format"], minutes: 5 },
  { name: "lint", title: "lint", command: ["run", "--silent", "test:lint"], minutes: 10 },
  { name: "types", title: "types", command: ["run", "--silent", "test:types"], minutes: 10 },
  { name: "docs", title: "API documentation", command: ["run", "--silent", "test:docs"], minutes: 10 },
  { name: "publish", title: "published packages", command: ["run", "--silent", "test:publish"], minutes: 20 },
  { name: "links", title: "links", command: ["run", "--silent", "test:links"], minutes: 2 },
  { name: "changesets", title: "release notes", command: ["run", "--silent", "test:changesets"], minutes: 2 },
  { name: "start", title: "quick start", command: ["start"], minutes: 20 },
];

/** @param {Check} check @returns {Promise<number>} exit code */
async function run({ command, minutes }) {
  const child = spawnNpm("npm", command, { stdio: ["ignore", "inherit", "inherit"] });
  const timer = setTimeout(() => {
    console.error(`\nStopped: still running after ${minutes} minutes.`);
    child.kill("SIGTERM");
  }, minutes * 60_000);
  return exitCode(child).finally(() => clearTimeout(timer));
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
for (const check of checks.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  console.log(`\n── ${check.title}: npm ${check.command.join(" ")}`);
  if (check.name === "test") {
    rmSync(join(root, testReport), { force: true });
    mkdirSync(join(root, dirname(testReport)), { recursive: true });
  }
  const started = performance.now();
  const code = await run(check);
  results.push({ title: check.title, ...score(check, code), seconds: (performance.now() - started) / 1000 });
  if (check.name === "test" && code !== 0 && !existsSync(join(root, installStamp))) {
    console.error("The packages could not be installed, so the other checks cannot run.");
    break;
  }
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
