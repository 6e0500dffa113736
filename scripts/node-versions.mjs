// Runs the built command and the tests of the lower packages on every Node release that is supported. The releases come
// from the npm package `node`. Needs a build. Run: npm run test:node-versions -- [version …]

import "./require-node.mjs";
import { collect, spawnNpm } from "./pnpm.mjs";

const versions = process.argv.length > 2 ? process.argv.slice(2) : ["20", "22", "24"];

/** What runs on each: the command with its engines, then a test file per kind of code (tensors, files, text). */
const commands = [
  ["apps/cli/dist/main.js", "doctor"],
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "packages/kernels/src/wasm",
    "packages/tensor/src/operations",
    "packages/data/src/prepare",
    "packages/eval/src/metrics/bleu",
  ],
];

for (const version of versions) {
  for (const command of commands) {
    const started = performance.now();
    const { code, output } = await collect(
      spawnNpm("npx", ["--yes", "--package", `node@${version}`, "--", "node", ...command], {
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${code === 0 ? "ok  " : "FAIL"} Node ${version}: ${command.join(" ")} (${seconds} s)`);
    if (code !== 0) {
      console.log(output);
      process.exitCode = 1;
    }
  }
}
