// Bundles the page into dist/page, with everything it needs: what runs in the browser asks no other server for anything. The
// licences of what is bundled go beside it. Run by the build of the package.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const folder = fileURLToPath(new URL("../", import.meta.url));
const source = join(folder, "src/page");
const output = join(folder, "dist/page");
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const bundle = await rolldown({
  input: join(source, "main.tsx"),
  platform: "browser",
  tsconfig: join(folder, "tsconfig.json"),
});
await bundle.write({ file: join(output, "studio.js"), format: "iife", minify: true });
await bundle.close();
for (const file of ["index.html", "studio.css"]) copyFileSync(join(source, file), join(output, file));

const preact = dirname(createRequire(import.meta.url).resolve("preact/package.json"));
const licence = readFileSync(join(preact, "LICENSE"), "utf8");
writeFileSync(join(output, "LICENSES.txt"), `studio.js contains preact:\n\n${licence}`);
