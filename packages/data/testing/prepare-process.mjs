// Runs prepare of the built package in a process that kills itself (SIGKILL) before its N-th call of the file system.
// Run: node prepare-process.mjs N OPTIONS, where OPTIONS are those of prepare as JSON; ends well, printing the number of calls, where there are fewer.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [number, options] = process.argv.slice(2);
let calls = 0;
function step() {
  calls += 1;
  if (calls === Number(number)) process.kill(process.pid, "SIGKILL");
}
/** @param {Record<string, any>} owner @param {string[]} names */
function count(owner, names) {
  for (const name of names) {
    const plain = owner[name];
    owner[name] = function (...values) {
      step();
      return plain.apply(this, values);
    };
  }
}
const probe = await fs.promises.open(new URL(import.meta.url));
count(Object.getPrototypeOf(probe), ["writeFile", "sync"]);
await probe.close();
count(fs.promises, ["open", "mkdir", "rename", "rm", "rmdir", "unlink", "writeFile"]);
count(fs, ["openSync", "readSync", "writeSync", "fsyncSync", "closeSync"]);
syncBuiltinESMExports();

const { prepare } = await import("../dist/index.js");
/** A token for each character. */
const tokenizer = {
  encode: (/** @type {string} */ text) => Array.from(text, (character) => character.charCodeAt(0)),
  beginOfSequenceId: null,
  endOfSequenceId: 0,
};
calls = 0;
await prepare({ ...JSON.parse(options), tokenizer });
console.log(calls);
