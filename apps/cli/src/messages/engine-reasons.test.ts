/** Why an engine does not run is told in the language of the command; each case in a process of its own, which loads the kernels anew. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { storiesModel } from "../testing/folders.js";
import { HAN, hasEnglish } from "../testing/english.js";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

function told(words: readonly string[], env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words, "--language", "zh"], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  // Commands to type are the same in every language.
  const commands = /apt-get install g\+\+|xcode-select --install|npm (run|install) \S+|node \S+/g;
  return { status, text: stdout + stderr, plain: (stdout + stderr).replaceAll(commands, "") };
}

const generate = ["generate", "--model", storiesModel, "--ids", "1", "--max-new-tokens", "1"];
const broken = fileURLToPath(import.meta.url);

it.each<[string, Record<string, string>]>([
  ["turned off", { LATHE_NATIVE: "off" }],
  ["not there", { LATHE_NATIVE: "/nowhere/kernels.node" }],
  ["no library", { LATHE_NATIVE: broken }],
  ["of a level that is none", { LATHE_CPU_LEVEL: "sse9" }],
  ["on threads that are no count", { LATHE_THREADS: "two" }],
])("native kernels %s: refused without English, and told by the doctor", (_name, env) => {
  const refused = told([...generate, "--engine", "native"], env);
  expect(refused.status, refused.text).toBe(2);
  expect(refused.text).toMatch(HAN);
  // What a loader of libraries says of a file stands in quotation marks.
  const ours = (text: string): string[] => text.replaceAll(/“[^”]*”/g, "").split("\n");
  expect(ours(refused.plain).filter(hasEnglish)).toEqual([]);
  const doctor = told(["doctor"], env);
  expect(doctor.status, doctor.text).toBe(0);
  expect(ours(doctor.plain).filter(hasEnglish)).toEqual([]);
  expect(doctor.text).toMatch(/native\s+否/);
  expect(told([...generate, "--engine", "auto"], env).status).toBe(0);
});
