// Copies what Node runs of @tensorflow/tfjs-backend-wasm to build/tfjs-backend-wasm: 1.2 MB of the 13 that its package takes,
// most of which are other forms of the same code and maps of it. The published package carries the copy and needs no other.
// Run: node scripts/copy-wasm-backend.mjs

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const manifestPath = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json");
/** @type {{ name: string, version: string, license: string, repository: object, main: string }} */
const { name, version, license, repository, main } = JSON.parse(readFileSync(manifestPath, "utf8"));
const source = dirname(join(dirname(manifestPath), main));
const output = fileURLToPath(new URL("../build/tfjs-backend-wasm/", import.meta.url));

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
// The module with threads is for browsers: in Node its backend takes one of the others.
for (const file of readdirSync(source).filter((file) => /^[a-z-]+(?<!-threaded-simd)\.wasm$/.test(file))) {
  copyFileSync(join(source, file), join(output, file));
}
// The map of its lines stays behind.
const code = readFileSync(join(dirname(manifestPath), main), "utf8").replace(
  /^\/\/# sourceMappingURL=.*$/m,
  "",
);
writeFileSync(join(output, "index.js"), code);
const copied = { name, version, license, repository, private: true, type: "commonjs", main: "index.js" };
writeFileSync(join(output, "package.json"), `${JSON.stringify(copied, null, 2)}\n`);
