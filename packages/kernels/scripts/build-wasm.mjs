// Compiles wasm/*.ts (AssemblyScript) to build/simd.wasm, unless that was made from the same sources by the same compiler.
// Run: node scripts/build-wasm.mjs

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const output = `${folder}build/simd.wasm`;
const stamp = `${folder}build/simd.wasm.inputs`;

const options = ["wasm/index.ts", "-O3", "--noAssert", ...["--enable", "simd"], ...["--runtime", "stub"]];

/** @returns {string} a hash of all that the output depends on */
function inputs() {
  const hash = createHash("sha256");
  const sources = readdirSync(`${folder}wasm`)
    .sort()
    .map((name) => `wasm/${name}`);
  for (const file of [...sources, "scripts/build-wasm.mjs", "node_modules/assemblyscript/package.json"]) {
    hash.update(`\0${file}\0`).update(readFileSync(folder + file));
  }
  return hash.digest("hex");
}

const hash = inputs();
if (!existsSync(output) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== hash) {
  // Loading the compiler takes most of the time, so it waits until there is something to do.
  const { main } = await import("assemblyscript/asc");
  mkdirSync(`${folder}build`, { recursive: true });
  // Written beside and renamed: a process that starts meanwhile reads the old file or the new one, never half of it.
  const draft = `build/simd.${process.pid}.wasm`;
  const { error, stderr } = await main([...options, "--outFile", draft, "--baseDir", folder]);
  if (error) {
    process.stderr.write(`${stderr.toString()}\n${error.message}\n`);
    process.exitCode = 1;
  } else {
    renameSync(folder + draft, output);
    writeFileSync(stamp, hash);
  }
}
