import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A folder of programs that stand in for launchers, and what they were called with. */
export interface FakeLaunchers {
  readonly folder: string;
  /** An environment whose path has them first. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Words of each launch so far. */
  launches(): Promise<string[][]>;
}

/**
 * Makes a program that says to be Open MPI's `mpirun` and runs a text of a module for a launch.
 * @param program knows `words`, `launch` (from 1) and `token`, and may `exit(code)`
 */
export async function fakeOpenMpi(program: string): Promise<FakeLaunchers> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-fake-launcher-"));
  const log = join(folder, "launches.jsonl");
  const file = join(folder, "mpirun.openmpi");
  const text = `#!${process.execPath}
const fs = require("node:fs");
const path = require("node:path");
const words = process.argv.slice(2);
if (words.includes("--version")) { console.log("mpirun.openmpi (OpenRTE) 4.1.4"); process.exit(0); }
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify(words) + "\\n");
const launch = fs.readFileSync(${JSON.stringify(log)}, "utf8").trim().split("\\n").length;
const token = process.env.LATHE_LAUNCH;
const exit = (code) => process.exit(code);
${program}
`;
  await writeFile(file, text);
  await chmod(file, 0o755);
  return {
    folder,
    environment: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` },
    async launches() {
      const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as string[]);
    },
  };
}
