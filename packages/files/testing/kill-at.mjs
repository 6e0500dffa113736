// Runs an operation of the built package in a process that kills itself (SIGKILL) before its N-th call of the file system.
// Run: node kill-at.mjs N OPERATION PLACE [CALL], where CALL is the one that counts, such as rename; prints "done" and ends well where there are fewer calls.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [number, operation, place, only] = process.argv.slice(2);
let left = Number(number);
let isCounting = false;
function step() {
  if (isCounting && --left === 0) process.kill(process.pid, "SIGKILL");
}
/** @param {Record<string, any>} owner @param {string[]} names */
function count(owner, names) {
  for (const name of names.filter((each) => only === undefined || each === only)) {
    const plain = owner[name];
    owner[name] = async function (...values) {
      step();
      return plain.apply(this, values);
    };
  }
}
const probe = await fs.promises.open(new URL(import.meta.url));
count(Object.getPrototypeOf(probe), ["writeFile", "sync"]);
await probe.close();
count(fs.promises, ["open", "mkdir", "rename", "rm", "rmdir", "unlink", "chmod", "writeFile"]);
syncBuiltinESMExports();

const { replaceFile, replaceFolder } = await import("../dist/index.js");
const { writeFile } = await import("node:fs/promises");
isCounting = true;
if (operation === "file") await replaceFile(place, "new");
else {
  await replaceFolder(place, async (folder) => {
    await writeFile(`${folder}/a`, "new");
    await writeFile(`${folder}/b`, "new");
  });
}
console.log("done");
