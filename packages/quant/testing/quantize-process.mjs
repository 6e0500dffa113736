// Runs quantizeWeights of the built package in a process that kills itself (SIGKILL) before its N-th call of the file system.
// Run: node quantize-process.mjs N OPTIONS, where OPTIONS are those of quantizeWeights as JSON; ends well, printing the number of calls, where there are fewer.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [number, options] = process.argv.slice(2);
let calls = 0;
/** @param {Record<string, any>} owner @param {string[]} names */
function count(owner, names) {
  for (const name of names) {
    const plain = owner[name];
    owner[name] = function (...values) {
      calls += 1;
      if (calls === Number(number)) process.kill(process.pid, "SIGKILL");
      return plain.apply(this, values);
    };
  }
}
const probe = await fs.promises.open(new URL(import.meta.url));
count(Object.getPrototypeOf(probe), ["write", "writeFile", "sync"]);
await probe.close();
count(fs.promises, ["open", "mkdir", "rename", "link", "rm", "copyFile"]);
syncBuiltinESMExports();

const { quantizeWeights } = await import("../dist/index.js");
const { startEngine } = await import("@lathe/tensor");
await startEngine("cpu");
calls = 0;
await quantizeWeights(JSON.parse(options));
console.log(calls);
