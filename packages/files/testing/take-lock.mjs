// Says "ready", waits for a file, takes a lock, writes "begin PID" and "end PID" into a file around the time it holds it, and gives it back.
// Run: node take-lock.mjs FOLDER GO LOG [die]; prints "held", or the number of the process that has it.
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { lockWithin, takeLock } from "../dist/index.js";

const [folder, go, log, die] = process.argv.slice(2);
console.log("ready");
while (!existsSync(go)) await setTimeout(1);
try {
  const lock = await takeLock(lockWithin(folder), folder);
  appendFileSync(log, `begin ${process.pid}\n`);
  if (die) process.kill(process.pid, "SIGKILL");
  await setTimeout(20);
  appendFileSync(log, `end ${process.pid}\n`);
  await lock.release();
  console.log("held");
} catch (error) {
  if (!(error instanceof Error) || error.name !== "LockedError") throw error;
  console.log(/** @type {Error & { pid: number }} */ (error).pid);
}
